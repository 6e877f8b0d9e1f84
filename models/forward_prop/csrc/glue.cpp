// Python's view of the event loops: lists of spikes by recording in and out; threads share recordings.
// What the numbers mean is checked in Python; here only sizes and indices are.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "events.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <typename T> using In = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Fill = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using FillList = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Partial sums of the gradient: their number does not depend on the threads, so neither does the sum.
constexpr int64_t PARTS = 16;

void expect(bool fits, const char *what)
{
    if (!fits) throw std::invalid_argument(what);
}

// Calls work(part) for 0 … parts - 1, spread over threads.
template <typename Work> void share(int64_t parts, int threads, Work work)
{
    const int64_t count = std::max<int64_t>(1, std::min<int64_t>(threads, parts));
    auto run = [&work, parts, count](int64_t thread) {
        for (int64_t part = thread; part < parts; part += count) work(part);
    };
    std::vector<std::thread> others;
    for (int64_t thread = 1; thread < count; thread++) others.emplace_back(run, thread);
    run(0);
    for (auto &other : others) other.join();
}

struct Lists {
    const int64_t *start;
    const int32_t *neuron;
    const double *time;
    nd_events recording(int64_t r) const { return {start[r + 1] - start[r], neuron + start[r], time + start[r]}; }
};

Lists lists(const In<int64_t> &start, const In<int32_t> &neuron, const In<double> &time, int64_t neurons)
{
    const int64_t rows = int64_t(start.size()) - 1;
    expect(rows >= 0 && neuron.size() == time.size(), "lists of another length");
    expect(start.data()[0] == 0 && start.data()[rows] == int64_t(time.size()), "lists that end elsewhere");
    for (int64_t row = 0; row < rows; row++) {
        expect(start.data()[row] <= start.data()[row + 1], "lists that overlap");
        for (int64_t k = start.data()[row]; k < start.data()[row + 1]; k++) {
            expect(uint32_t(neuron.data()[k]) < uint64_t(neurons), "a neuron outside the layer");
            expect(k == start.data()[row] || time.data()[k - 1] <= time.data()[k], "times out of order");
        }
    }
    return {start.data(), neuron.data(), time.data()};
}

nd_layer layer_of(const Table &weight, const Table &recurrent)
{
    const bool none = recurrent.shape(0) == 0;
    expect(none || (recurrent.shape(0) == weight.shape(1) && recurrent.shape(1) == weight.shape(1)), "recurrent");
    return {int64_t(weight.shape(1)), weight.data(), none ? nullptr : recurrent.data()};
}

template <typename T> nb::ndarray<nb::numpy, T, nb::ndim<1>> array(std::vector<T> &&values)
{
    auto *kept = new std::vector<T>(std::move(values));
    nb::capsule owner(kept, [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
    return {kept->data(), {kept->size()}, owner};
}

// Frees what a recording's simulation has listed.
struct Found {
    nd_list spikes{}, near{};
    int failed = ND_DONE;
    Found() = default;
    Found(const Found &) = delete;
    Found &operator=(const Found &) = delete;
    ~Found() { std::free(spikes.item), std::free(near.item); }
};

nb::tuple columns(const std::vector<Found> &found, bool near)
{
    std::vector<int64_t> start{0};
    std::vector<int32_t> neuron;
    std::vector<double> time, slope, margin;
    std::vector<uint8_t> held;
    for (const Found &one : found) {
        const nd_list &list = near ? one.near : one.spikes;
        for (int64_t k = 0; k < list.count; k++) {
            const nd_spike &s = list.item[k];
            neuron.push_back(s.neuron), time.push_back(s.time), slope.push_back(s.slope);
            margin.push_back(s.margin), held.push_back(s.held);
        }
        start.push_back(int64_t(time.size()));
    }
    return nb::make_tuple(array(std::move(start)), array(std::move(neuron)), array(std::move(time)),
                          array(std::move(slope)), array(std::move(margin)), array(std::move(held)));
}

nb::tuple forward(In<int64_t> start, In<int32_t> neuron, In<double> time, Table weight, Table recurrent, double alpha,
                  double beta, double theta, double horizon, double refractory, double tolerance, int64_t limit,
                  int threads)
{
    const Lists in = lists(start, neuron, time, int64_t(weight.shape(0)));
    const nd_layer layer = layer_of(weight, recurrent);
    const nd_cell cell = {alpha, beta, theta, horizon, refractory, tolerance, limit};
    const int64_t rows = int64_t(start.size()) - 1, parts = std::max<int64_t>(1, std::min<int64_t>(rows, threads));
    std::vector<Found> found(static_cast<size_t>(rows));
    std::vector<std::vector<double>> work(size_t(parts), std::vector<double>(size_t(4 * layer.neurons)));
    {
        nb::gil_scoped_release free;
        share(parts, threads, [&](int64_t part) {
            for (int64_t r = part; r < rows; r += parts) {
                Found &one = found[size_t(r)];
                one.failed = nd_forward(&cell, layer, in.recording(r), work[size_t(part)].data(), &one.spikes, &one.near);
            }
        });
    }
    for (const Found &one : found) {
        if (one.failed == ND_MEMORY) throw std::bad_alloc();
        if (one.failed == ND_TOO_MANY) throw std::overflow_error("too many spikes");
    }
    return nb::make_tuple(columns(found, false), columns(found, true));
}

void backward(In<int64_t> in_start, In<int32_t> in_neuron, In<double> in_time, In<int64_t> out_start,
              In<int32_t> out_neuron, In<double> out_time, In<double> slope, In<uint8_t> held, In<uint8_t> use,
              In<double> loss, Table weight, Table recurrent, Fill by_weight, Fill by_recurrent, FillList by_input,
              double alpha, double beta, double theta, int threads)
{
    const Lists in = lists(in_start, in_neuron, in_time, int64_t(weight.shape(0)));
    const nd_layer layer = layer_of(weight, recurrent);
    const Lists out = lists(out_start, out_neuron, out_time, layer.neurons);
    const size_t count = out_time.size(), weights = weight.size(), own = recurrent.size();
    expect(out_start.size() == in_start.size(), "other recordings");
    expect(slope.size() == count && held.size() == count && use.size() == count && loss.size() == count, "spikes");
    expect(by_weight.size() == weights && by_recurrent.size() == own, "gradients");
    expect(by_input.size() == in_time.size(), "gradients of times");
    const nd_cell cell = {alpha, beta, theta, 0.0, 0.0, 0.0, 0};
    const int64_t rows = int64_t(in_start.size()) - 1, parts = std::max<int64_t>(1, std::min(rows, PARTS));
    int64_t most = 0;
    for (int64_t r = 0; r < rows; r++) most = std::max(most, out.recording(r).count);
    std::vector<std::vector<double>> sums(size_t(parts), std::vector<double>(weights + own));
    share(parts, threads, [&](int64_t part) {
        std::vector<double> work(size_t(4 * layer.neurons + most));
        double *sum = sums[size_t(part)].data();
        for (int64_t r = rows * part / parts; r < rows * (part + 1) / parts; r++) {
            const nd_events spikes = out.recording(r);
            const int64_t first = out.start[r];
            const nd_fired fired = {spikes.count,        spikes.neuron,       spikes.time,        slope.data() + first,
                                    held.data() + first, use.data() + first, loss.data() + first};
            nd_backward(&cell, layer, in.recording(r), fired, work.data(), sum, sum + weights,
                        by_input.data() + in.start[r]);
        }
    });
    for (const auto &sum : sums) {
        for (size_t k = 0; k < weights; k++) by_weight.data()[k] += sum[k];
        for (size_t k = 0; k < own; k++) by_recurrent.data()[k] += sum[weights + k];
    }
}

} // namespace

NB_MODULE(_events, m)
{
    m.def("forward", &forward, "start"_a, "neuron"_a, "time"_a, "weight"_a, "recurrent"_a, nb::kw_only(), "alpha"_a,
          "beta"_a, "theta"_a, "horizon"_a, "refractory"_a, "tolerance"_a, "limit"_a, "threads"_a);
    m.def("backward", &backward, "in_start"_a, "in_neuron"_a, "in_time"_a, "out_start"_a, "out_neuron"_a, "out_time"_a,
          "slope"_a, "held"_a, "use"_a, "loss"_a, "weight"_a, "recurrent"_a, "by_weight"_a, "by_recurrent"_a,
          "by_input"_a, nb::kw_only(), "alpha"_a, "beta"_a, "theta"_a, "threads"_a,
          nb::call_guard<nb::gil_scoped_release>());
}
