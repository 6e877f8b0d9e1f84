// Python's view of the core: arrays in, arrays out. What the numbers mean is checked in Python (image.py);
// here only types and lengths are.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "core.h"
#include "snapshot.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

template <typename T> using In = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <typename T> using Table = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Out = nb::ndarray<nb::numpy, int64_t, nb::c_contig, nb::device::cpu>;
using Trace = nb::ndarray<int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

void expect(bool fits, const char *what)
{
    if (!fits) throw std::invalid_argument(what);
}

// What was freed goes back to the system, where this can be asked for: loading needs several times what it leaves behind.
void return_memory()
{
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

// The arrays of a program, kept alive and shared by all states.
class Image {
    template <typename T, typename... Rest> const T *keep(const nb::ndarray<const T, Rest...> &array)
    {
        kept_.push_back(nb::ndarray<nb::ro>(array));
        return array.data();
    }

    // The rows of a table as the structures they are.
    template <typename Row, typename T> const Row *rows(const Table<T> &table)
    {
        expect(table.shape(1) * sizeof(T) == sizeof(Row), "a table has the wrong width");
        return reinterpret_cast<const Row *>(keep(table));
    }

public:
    Image(In<int32_t> population_start, Table<int32_t> population, Table<int32_t> block, In<int32_t> group_block_start,
          In<int32_t> neuron, In<int32_t> place, In<int32_t> bias, In<int32_t> graded, Table<float> scale, Table<int32_t> parameter,
          std::vector<std::pair<int, Table<int32_t>>> bias_rows, Table<int32_t> link, In<int32_t> target_start,
          In<int32_t> outgoing, In<int32_t> source_start, Table<int32_t> row, In<uint16_t> row_bound,
          In<int32_t> row_delay, Table<int32_t> run, Table<int8_t> byte_weight, Table<int16_t> word_weight,
          int64_t reset_interval, In<int64_t> reset_first, int max_delay)
    {
        const size_t populations = population.shape(0), groups = group_block_start.size() - 1;
        expect(population_start.size() == populations + 1 && populations > 0 && group_block_start.size() > 0, "starts");
        expect(reset_first.size() == populations && block.shape(0) == size_t(last(group_block_start)), "blocks");
        expect(graded.size() == populations, "graded");
        expect(place.size() == size_t(last(population_start)), "neurons");
        expect(neuron.size() == groups * ND_GROUP && bias.size() == neuron.size(), "compartments");
        for (size_t shape : {scale.shape(1), parameter.shape(1)}) expect(shape == neuron.size(), "parameters");
        expect(scale.shape(0) == 2 && parameter.shape(0) == 2, "parameters");
        expect(target_start.size() == populations + 1 && source_start.size() == populations + 1, "links");
        expect(outgoing.size() == link.shape(0) && size_t(last(target_start)) == link.shape(0), "links");
        expect(row_bound.size() == row.shape(0) && row_delay.size() == row.shape(0), "rows");
        expect(byte_weight.shape(1) == ND_PIECE && word_weight.shape(1) == ND_PIECE, "weights");
        expect(max_delay >= 0 && max_delay < 1 << 20, "delay");
        for (auto &[number, rows] : bias_rows) {
            const int32_t *start = population_start.data();
            expect(number >= 0 && size_t(number) < populations, "bias population");
            expect(rows.shape(1) == size_t(start[number + 1] - start[number]), "bias rows");
            biases_.push_back({number, int64_t(rows.shape(0)), rows.data()});
            keep(rows);
        }
        image_ = {};
        image_.populations = int32_t(populations);
        image_.groups = int32_t(groups);
        image_.biases = int32_t(biases_.size());
        image_.max_delay = max_delay;
        image_.population_start = keep(population_start);
        image_.population = rows<nd_population>(population);
        image_.block = rows<nd_block>(block);
        image_.group_block_start = keep(group_block_start);
        image_.neuron = keep(neuron);
        image_.place = keep(place);
        image_.bias = keep(bias);
        image_.graded = keep(graded);
        image_.current_scale = keep(scale);
        image_.voltage_scale = scale.data() + neuron.size();
        image_.threshold = keep(parameter);
        image_.refractory = parameter.data() + neuron.size();
        image_.bias_rows = biases_.data();
        image_.links = int32_t(link.shape(0));
        image_.link = rows<nd_link>(link);
        image_.target_start = keep(target_start);
        image_.outgoing = keep(outgoing);
        image_.source_start = keep(source_start);
        image_.row = rows<nd_row>(row);
        image_.row_bound = keep(row_bound);
        image_.row_delay = keep(row_delay);
        image_.run = rows<nd_run>(run);
        image_.byte_weight = keep(byte_weight);
        image_.word_weight = keep(word_weight);
        image_.reset_interval = reset_interval;
        image_.reset_first = keep(reset_first);
    }
    Image(const Image &) = delete;

    const nd_image *get() const { return &image_; }
    int32_t neurons(int32_t p) const
    {
        expect(p >= 0 && p < image_.populations, "population");
        return image_.population_start[p + 1] - image_.population_start[p];
    }

private:
    static int32_t last(const In<int32_t> &column) { return column.data()[column.size() - 1]; }

    nd_image image_;
    std::vector<nd_bias> biases_;
    std::vector<nb::ndarray<nb::ro>> kept_;
};

std::vector<std::string> instruction_sets()
{
    std::vector<std::string> names;
    for (const char *const *name = nd_instruction_sets(); *name; name++) names.push_back(*name);
    return names;
}

Out owned(int64_t *data, size_t size)
{
    nb::capsule owner(data, [](void *p) noexcept { std::free(p); });
    return Out(data, {size}, owner);
}

Out allocated(size_t size)
{
    auto *data = static_cast<int64_t *>(std::malloc(sizeof(int64_t) * (size + 1)));
    if (!data) throw std::bad_alloc();
    return owned(data, size);
}

// Spike lists of one call, freed unless they were handed to Python.
struct Lists {
    explicit Lists(size_t populations) : list(populations) {}
    ~Lists()
    {
        for (nd_spikes &s : list) {
            std::free(s.step);
            std::free(s.neuron);
            std::free(s.payload);
        }
    }
    std::vector<nd_spikes> list;
};

int64_t *released(int64_t *&pointer)
{
    int64_t *data = pointer ? pointer : static_cast<int64_t *>(std::malloc(sizeof(int64_t)));
    pointer = nullptr;
    if (!data) throw std::bad_alloc();
    return data;
}

// Steps, neurons and, of graded populations, payloads of the spikes of a population.
using Fired = std::tuple<Out, Out, std::optional<Out>>;

class State {
public:
    State(const Image &image, const std::string &instructions, bool lava, bool drop_first_step)
        : image_(image), state_(nullptr)
    {
        const std::vector<std::string> known = instruction_sets();
        expect(std::find(known.begin(), known.end(), instructions) != known.end(), "instruction set");
        state_ = nd_state_new(image.get(), instructions.c_str(), lava, drop_first_step);
        if (!state_) throw std::bad_alloc();
    }
    State(const State &) = delete;
    ~State() { nd_state_free(state_); }

    std::vector<Fired> advance(int64_t steps, In<int64_t> step, In<int64_t> neuron,
                               std::optional<In<int64_t>> payload, std::vector<std::tuple<int, Trace, Trace>> traces)
    {
        expect(steps >= 0 && neuron.size() == step.size() && (!payload || payload->size() == step.size()), "events");
        std::vector<nd_trace> recorded;
        for (auto &[population, u, v] : traces) {
            for (const Trace *trace : {&u, &v})
                expect(trace->shape(0) == size_t(steps) && trace->shape(1) == size_t(image_.neurons(population)), "trace");
            recorded.push_back({population, u.data(), v.data()});
        }
        const nd_events events = {int64_t(step.size()), step.data(), neuron.data(), payload ? payload->data() : nullptr};
        Lists spikes(size_t(image_.get()->populations));
        const Use use(busy_);
        int failed;
        {
            nb::gil_scoped_release release;
            failed = nd_advance(state_, steps, &events, recorded.data(), recorded.size(), spikes.list.data());
        }
        if (failed) throw std::bad_alloc();
        std::vector<Fired> result;
        for (size_t p = 0; p < spikes.list.size(); p++) {
            nd_spikes &s = spikes.list[p];
            const size_t count = size_t(s.count);
            Out steps_of = owned(released(s.step), count), neurons_of = owned(released(s.neuron), count);
            std::optional<Out> payloads_of;
            if (image_.get()->graded[p]) payloads_of = owned(released(s.payload), count);
            result.emplace_back(std::move(steps_of), std::move(neurons_of), std::move(payloads_of));
        }
        return result;
    }

    void read(int population, nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> u,
              nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> v)
    {
        const size_t neurons = size_t(image_.neurons(population));
        expect(u.size() == neurons && v.size() == neurons, "state");
        const Use use(busy_);
        nd_read(state_, population, u.data(), v.data());
    }

    void counters(Trace totals)
    {
        const size_t populations = size_t(image_.get()->populations);
        expect(totals.shape(0) == populations && totals.shape(1) == ND_COUNTERS, "counters");
        const Use use(busy_);
        const int64_t *from = nd_counters(state_);
        for (size_t i = 0; i < populations * ND_COUNTERS; i++) totals.data()[i] = from[i];
    }

    // u, v, r and s of all neurons, and departure, neuron and payload of the spikes on their way.
    std::vector<Out> kept()
    {
        const Use use(busy_);
        const nd_image *image = image_.get();
        const size_t neurons = size_t(image->population_start[image->populations]);
        const size_t spikes = size_t(nd_pending(state_, nullptr, nullptr, nullptr));
        std::vector<Out> columns;
        for (size_t size : {neurons, neurons, neurons, neurons, spikes, spikes, spikes}) columns.push_back(allocated(size));
        nd_kept(state_, columns[0].data(), columns[1].data(), columns[2].data(), columns[3].data());
        nd_pending(state_, columns[4].data(), columns[5].data(), columns[6].data());
        return columns;
    }

    void resume(int64_t step, std::vector<In<int64_t>> columns, In<int64_t> counters)
    {
        const nd_image *image = image_.get();
        expect(columns.size() == 7 && counters.size() == size_t(image->populations) * ND_COUNTERS, "snapshot");
        const size_t neurons = size_t(image->population_start[image->populations]), spikes = columns[4].size();
        for (size_t i = 0; i < 7; i++) expect(columns[i].size() == (i < 4 ? neurons : spikes), "snapshot");
        const nd_snapshot snapshot = {step,
                                      columns[0].data(), columns[1].data(), columns[2].data(), columns[3].data(),
                                      counters.data(),
                                      int64_t(spikes),
                                      columns[4].data(), columns[5].data(), columns[6].data()};
        const Use use(busy_);
        if (nd_resume(state_, &snapshot)) throw std::bad_alloc();
    }

private:
    // Another thread may call in while the GIL is released: refused, as two of them would corrupt the state.
    struct Use {
        explicit Use(std::atomic_flag &flag) : flag(flag)
        {
            if (flag.test_and_set()) throw std::runtime_error("a second thread uses this emulator while it runs");
        }
        ~Use() { flag.clear(); }
        std::atomic_flag &flag;
    };

    const Image &image_;
    nd_state *state_;
    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
};

}  // namespace

NB_MODULE(_core, m)
{
    m.attr("GROUP") = int(ND_GROUP);
    m.attr("PIECE") = int(ND_PIECE);
    m.attr("NARROW") = int(ND_NARROW);
    m.attr("SINGLE") = int(ND_SINGLE);
    m.attr("LIKE_LINK") = int(ND_LIKE_LINK);
    m.def("instruction_sets", &instruction_sets);
    m.def("return_memory", &return_memory);
    nb::class_<Image>(m, "Image")
        .def(nb::init<In<int32_t>, Table<int32_t>, Table<int32_t>, In<int32_t>, In<int32_t>, In<int32_t>, In<int32_t>,
                      In<int32_t>, Table<float>, Table<int32_t>, std::vector<std::pair<int, Table<int32_t>>>,
                      Table<int32_t>, In<int32_t>, In<int32_t>, In<int32_t>, Table<int32_t>, In<uint16_t>, In<int32_t>,
                      Table<int32_t>, Table<int8_t>, Table<int16_t>, int64_t, In<int64_t>, int>(),
             nb::kw_only(), "population_start"_a.noconvert(), "population"_a.noconvert(), "block"_a.noconvert(),
             "group_block_start"_a.noconvert(), "neuron"_a.noconvert(), "place"_a.noconvert(), "bias"_a.noconvert(),
             "graded"_a.noconvert(), "scale"_a.noconvert(), "parameter"_a.noconvert(), "bias_rows"_a,
             "link"_a.noconvert(), "target_start"_a.noconvert(), "outgoing"_a.noconvert(),
             "source_start"_a.noconvert(), "row"_a.noconvert(), "row_bound"_a.noconvert(),
             "row_delay"_a.noconvert(), "run"_a.noconvert(), "byte_weight"_a.noconvert(),
             "word_weight"_a.noconvert(),
             "reset_interval"_a, "reset_first"_a.noconvert(), "max_delay"_a);
    nb::class_<State>(m, "State")
        .def(nb::init<const Image &, const std::string &, bool, bool>(), nb::keep_alive<1, 2>(), "image"_a,
             "instructions"_a, "lava"_a, "drop_first_step"_a)
        .def("advance", &State::advance, "steps"_a, "step"_a.noconvert(), "neuron"_a.noconvert(),
             "payload"_a.noconvert().none(), "traces"_a)
        .def("read", &State::read, "population"_a, "u"_a.noconvert(), "v"_a.noconvert())
        .def("counters", &State::counters, "totals"_a.noconvert())
        .def("kept", &State::kept)
        .def("resume", &State::resume, "step"_a, "columns"_a, "counters"_a.noconvert());
}
