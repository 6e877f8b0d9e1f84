// Python's view of the loops: numpy arrays in and out, without copies; threads share lanes, rows or columns.
// What the numbers mean is checked in Python; here only sizes and indices are.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <vector>

#include "loops.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <typename T> using In = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <typename T> using Fill = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

void expect(bool fits, const char *what)
{
    if (!fits) throw std::invalid_argument(what);
}

template <typename A, typename B> void same(const A &a, const B &b)
{
    expect(a.shape(0) == b.shape(0) && a.shape(1) == b.shape(1), "rasters of different shapes");
}

template <typename A> nd_raster size_of(const A &a) { return {int64_t(a.shape(0)), int64_t(a.shape(1))}; }

// Calls work(first, last) on parts of 0 … count - 1, multiples of `grain` but for the last, one thread each.
template <typename Work> void share(int64_t count, int64_t grain, int threads, Work work)
{
    const int64_t grains = (count + grain - 1) / grain, parts = std::max<int64_t>(1, std::min<int64_t>(threads, grains));
    auto end = [&](int64_t part) { return std::min(count, grains * part / parts * grain); };
    std::vector<std::thread> others;
    for (int64_t part = 1; part < parts; part++)
        others.emplace_back([&work, &end, part] { work(end(part), end(part + 1)); });
    work(0, end(1));
    for (auto &other : others) other.join();
}

nd_lists lists(const In<int64_t> &start, const In<int32_t> &column, const In<float> &value, int64_t rows, int64_t columns)
{
    expect(int64_t(start.size()) == rows + 1 && column.size() == value.size(), "lists of another length");
    expect(start.data()[0] == 0 && start.data()[rows] == int64_t(column.size()), "lists that end elsewhere");
    for (int64_t row = 0; row < rows; row++) expect(start.data()[row] <= start.data()[row + 1], "lists that overlap");
    bool inside = true;
    for (size_t k = 0; k < column.size(); k++) inside &= uint32_t(column.data()[k]) < uint64_t(columns);
    expect(inside, "a column outside the table");
    return {start.data(), column.data(), value.data()};
}

// Threads share lanes and outputs in pieces of whole cache lines.
constexpr int64_t GRAIN = 64;

void cuba_forward(Table sums, Out spikes, Out voltages, int keep_current, int keep_voltage, int threshold,
                  int refractory, int shift, int threads)
{
    same(sums, spikes), same(sums, voltages);
    expect(0 <= keep_current && keep_current <= 4096 && 0 <= keep_voltage && keep_voltage <= 4096, "decays");
    expect(-1 <= shift && shift <= 13, "shift");
    const nd_cuba neuron = {keep_current, keep_voltage, threshold, refractory, shift};
    share(sums.shape(1), GRAIN, threads, [&](int64_t first, int64_t last) {
        nd_cuba_forward(&neuron, size_of(sums), first, last, sums.data(), spikes.data(), voltages.data());
    });
}

void cuba_backward(Table error, Table voltages, Out gradient, In<float> derivative, float keep_current,
                   float keep_voltage, float gain, float threshold, int threads)
{
    same(error, voltages), same(error, gradient);
    expect(derivative.size() > 0, "derivative");
    share(error.shape(1), GRAIN, threads, [&](int64_t first, int64_t last) {
        nd_cuba_backward(keep_current, keep_voltage, gain, threshold, derivative.data(), int32_t(derivative.size()),
                         size_of(error), first, last, error.data(), voltages.data(), gradient.data());
    });
}

void alpha_filter(Table x, Out y, float pole, float gain, float tail, float late, int64_t length, bool reverse,
                  int threads)
{
    same(x, y);
    expect(length > 0, "length");
    const nd_alpha kernel = {pole, gain, tail, late, length};
    share(x.shape(1), GRAIN, threads, [&](int64_t first, int64_t last) {
        nd_alpha_filter(&kernel, reverse, size_of(x), first, last, x.data(), y.data());
    });
}

void srm_forward(Table x, Out spikes, Out potentials, float pole, float gain, float tail, float late, int64_t length,
                 float threshold, int threads)
{
    same(x, spikes), same(x, potentials);
    expect(length > 0, "length");
    const nd_alpha kernel = {pole, gain, tail, late, length};
    share(x.shape(1), GRAIN, threads, [&](int64_t first, int64_t last) {
        nd_srm_forward(&kernel, threshold, size_of(x), first, last, x.data(), spikes.data(), potentials.data());
    });
}

void fir(Table x, Out y, In<float> kernel, bool reverse, int threads)
{
    same(x, y);
    share(x.shape(1), GRAIN, threads, [&](int64_t first, int64_t last) {
        nd_fir(kernel.data(), kernel.size(), reverse, size_of(x), first, last, x.data(), y.data());
    });
}

void shift(Table x, Out y, In<int32_t> delay, bool reverse, int threads)
{
    same(x, y);
    expect(delay.size() > 0 && x.shape(1) % delay.size() == 0, "delays");
    share(x.shape(1), GRAIN, threads, [&](int64_t first, int64_t last) {
        nd_shift(delay.data(), delay.size(), reverse, size_of(x), first, last, x.data(), y.data());
    });
}

template <typename T> nb::ndarray<nb::numpy, T, nb::ndim<1>> array(std::vector<T> &&values)
{
    auto *kept = new std::vector<T>(std::move(values));
    nb::capsule owner(kept, [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
    return {kept->data(), {kept->size()}, owner};
}

nb::tuple nonzero(Table table, int threads)
{
    const int64_t rows = table.shape(0), columns = table.shape(1);
    std::vector<int64_t> start(size_t(rows + 1));
    std::vector<int32_t> column;
    std::vector<float> value;
    {
        nb::gil_scoped_release free;
        share(rows, 1, threads, [&](int64_t first, int64_t last) {
            nd_count(columns, first, last, table.data(), start.data() + 1);
        });
        for (int64_t row = 0; row < rows; row++) start[size_t(row + 1)] += start[size_t(row)];
        column.resize(size_t(start.back())), value.resize(size_t(start.back()));
        share(rows, 1, threads, [&](int64_t first, int64_t last) {
            nd_list(columns, first, last, table.data(), start.data(), column.data(), value.data());
        });
    }
    return nb::make_tuple(array(std::move(start)), array(std::move(column)), array(std::move(value)));
}

void product(In<int64_t> start, In<int32_t> column, In<float> value, Table weight, Out out, int threads)
{
    expect(weight.shape(1) == out.shape(1), "outputs");
    const nd_lists events = lists(start, column, value, out.shape(0), weight.shape(0));
    share(out.shape(0), 1, threads, [&](int64_t first, int64_t last) {
        nd_product(events, out.shape(1), first, last, weight.data(), out.data());
    });
}

void collect(In<int64_t> start, In<int32_t> column, In<float> value, Table error, Out gradient, int threads)
{
    expect(error.shape(1) == gradient.shape(1), "outputs");
    const nd_lists events = lists(start, column, value, error.shape(0), gradient.shape(0));
    std::memset(gradient.data(), 0, gradient.nbytes());
    share(error.shape(1), GRAIN, threads, [&](int64_t first, int64_t last) {
        nd_collect(events, error.shape(0), error.shape(1), first, last, error.data(), gradient.data());
    });
}

void check_targets(const In<int32_t> &target, size_t outputs)
{
    bool inside = true;
    for (size_t i = 0; i < target.size(); i++) inside &= uint32_t(target.data()[i]) < outputs;
    expect(inside, "a target outside the table");
}

void gather(In<int64_t> start, In<int32_t> column, In<float> value, In<int32_t> target, Out out, int threads)
{
    check_targets(target, out.shape(1));
    const nd_lists events = lists(start, column, value, out.shape(0), target.size());
    share(out.shape(0), 1, threads, [&](int64_t first, int64_t last) {
        nd_gather(events, target.data(), out.shape(1), first, last, out.data());
    });
}

void scatter(In<int32_t> target, Table error, Out gradient, float factor, int threads)
{
    check_targets(target, error.shape(1));
    expect(gradient.shape(0) == error.shape(0) && gradient.shape(1) == target.size(), "gradient");
    share(error.shape(0), 1, threads, [&](int64_t first, int64_t last) {
        nd_scatter(target.data(), target.size(), error.shape(1), factor, first, last, error.data(), gradient.data());
    });
}

nd_conv convolution(int height, int width, int channels, int kernel, int padding, int64_t outputs, int64_t rows,
                    int64_t plane)
{
    const int out_height = height + 2 * padding - kernel + 1, out_width = width + 2 * padding - kernel + 1;
    expect(height > 0 && width > 0 && channels > 0 && kernel > 0 && padding >= 0, "shape");
    expect(out_height > 0 && out_width > 0 && rows == int64_t(channels) * kernel * kernel, "shape");
    expect(plane == int64_t(out_height) * out_width * outputs, "shape");
    return {height, width, channels, kernel, padding, out_height, out_width, int32_t(outputs)};
}

void conv_forward(In<int64_t> start, In<int32_t> column, In<float> value, Table weight, Out out, int height, int width,
                  int channels, int kernel, int padding, int threads)
{
    const nd_conv shape =
        convolution(height, width, channels, kernel, padding, weight.shape(1), weight.shape(0), out.shape(1));
    const nd_lists events = lists(start, column, value, out.shape(0), int64_t(height) * width * channels);
    share(out.shape(0), 1, threads, [&](int64_t first, int64_t last) {
        nd_conv_forward(&shape, events, first, last, weight.data(), out.data());
    });
}

// Parts of the rows are summed on their own and then added in order: as many whatever the number of threads.
constexpr int64_t PARTS = 8;

void conv_collect(In<int64_t> start, In<int32_t> column, In<float> value, Table error, Out gradient, int height,
                  int width, int channels, int kernel, int padding, int threads)
{
    const nd_conv shape =
        convolution(height, width, channels, kernel, padding, gradient.shape(1), gradient.shape(0), error.shape(1));
    const int64_t rows = error.shape(0), size = gradient.size();
    const nd_lists events = lists(start, column, value, rows, int64_t(height) * width * channels);
    std::vector<float> sums(size_t(PARTS * size));
    share(PARTS, 1, threads, [&](int64_t first, int64_t last) {
        for (int64_t part = first; part < last; part++)
            nd_conv_collect(&shape, events, rows * part / PARTS, rows * (part + 1) / PARTS, error.data(),
                            sums.data() + part * size);
    });
    std::memset(gradient.data(), 0, gradient.nbytes());
    for (int64_t part = 0; part < PARTS; part++)
        for (int64_t i = 0; i < size; i++) gradient.data()[i] += sums[size_t(part * size + i)];
}

void fold(Table columns, Out planes, int height, int width, int channels, int kernel, int padding, int threads)
{
    const int64_t windows = int64_t(height + 2 * padding - kernel + 1) * (width + 2 * padding - kernel + 1);
    const int64_t size = int64_t(channels) * kernel * kernel, rows = planes.shape(0);
    const nd_conv shape = convolution(height, width, channels, kernel, padding, 1, size, windows);
    expect(int64_t(columns.shape(1)) == size && int64_t(columns.shape(0)) == rows * windows, "windows");
    expect(int64_t(planes.shape(1)) == int64_t(height) * width * channels, "planes");
    share(rows, 1, threads, [&](int64_t first, int64_t last) {
        nd_fold(&shape, first, last, columns.data(), planes.data());
    });
}

} // namespace

NB_MODULE(_loops, m)
{
    const auto free = nb::call_guard<nb::gil_scoped_release>();
    m.def("cuba_forward", &cuba_forward, "sums"_a, "spikes"_a, "voltages"_a, nb::kw_only(), "keep_current"_a,
          "keep_voltage"_a, "threshold"_a, "refractory"_a, "shift"_a, "threads"_a, free);
    m.def("cuba_backward", &cuba_backward, "error"_a, "voltages"_a, "gradient"_a, "derivative"_a, nb::kw_only(),
          "keep_current"_a, "keep_voltage"_a, "gain"_a, "threshold"_a, "threads"_a, free);
    m.def("alpha_filter", &alpha_filter, "x"_a, "y"_a, nb::kw_only(), "pole"_a, "gain"_a, "tail"_a, "late"_a,
          "length"_a, "reverse"_a, "threads"_a, free);
    m.def("srm_forward", &srm_forward, "x"_a, "spikes"_a, "potentials"_a, nb::kw_only(), "pole"_a, "gain"_a, "tail"_a,
          "late"_a, "length"_a, "threshold"_a, "threads"_a, free);
    m.def("fir", &fir, "x"_a, "y"_a, "kernel"_a, nb::kw_only(), "reverse"_a, "threads"_a, free);
    m.def("shift", &shift, "x"_a, "y"_a, "delay"_a, nb::kw_only(), "reverse"_a, "threads"_a, free);
    m.def("nonzero", &nonzero, "table"_a, nb::kw_only(), "threads"_a);
    m.def("product", &product, "start"_a, "column"_a, "value"_a, "weight"_a, "out"_a, nb::kw_only(), "threads"_a, free);
    m.def("collect", &collect, "start"_a, "column"_a, "value"_a, "error"_a, "gradient"_a, nb::kw_only(), "threads"_a,
          free);
    m.def("gather", &gather, "start"_a, "column"_a, "value"_a, "target"_a, "out"_a, nb::kw_only(), "threads"_a, free);
    m.def("scatter", &scatter, "target"_a, "error"_a, "gradient"_a, nb::kw_only(), "factor"_a, "threads"_a, free);
    m.def("conv_forward", &conv_forward, "start"_a, "column"_a, "value"_a, "weight"_a, "out"_a, nb::kw_only(),
          "height"_a, "width"_a, "channels"_a, "kernel"_a, "padding"_a, "threads"_a, free);
    m.def("fold", &fold, "columns"_a, "planes"_a, nb::kw_only(), "height"_a, "width"_a, "channels"_a, "kernel"_a,
          "padding"_a, "threads"_a, free);
    m.def("conv_collect", &conv_collect, "start"_a, "column"_a, "value"_a, "error"_a, "gradient"_a, nb::kw_only(),
          "height"_a, "width"_a, "channels"_a, "kernel"_a, "padding"_a, "threads"_a, free);
}
