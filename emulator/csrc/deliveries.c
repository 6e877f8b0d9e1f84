#include "deliveries.h"

#include <stdlib.h>
#include <string.h>

int nd_ring_init(nd_ring *ring, int32_t links, int32_t span)
{
    int64_t slots = 1;
    while (slots <= span) slots *= 2;
    ring->links = links;
    ring->mask = slots - 1;
    ring->list = calloc((size_t)slots * (size_t)links + 1, sizeof *ring->list);
    return ring->list ? 0 : -1;
}

void nd_ring_destroy(nd_ring *ring)
{
    if (!ring->list) return;
    for (int64_t i = 0; i < (ring->mask + 1) * ring->links; i++) free(ring->list[i].item);
    free(ring->list);
}

/* No sum needs to be known beyond it; products with what bounds a row stay within 64 bits. */
#define MOST_LOAD (INT64_C(1) << 32)

nd_delivery *nd_list_room(nd_list *list, int32_t count)
{
    if (count > list->capacity - list->count) {
        int64_t capacity = list->capacity ? list->capacity : 64;
        while (capacity - list->count < count) capacity *= 2;
        if (capacity > INT32_MAX) return NULL;
        nd_delivery *item = realloc(list->item, sizeof *item * (size_t)capacity);
        if (!item) return NULL;
        list->item = item;
        list->capacity = (int32_t)capacity;
    }
    return list->item + list->count;
}

static void add(nd_list *list, int32_t count, int64_t load, int64_t most, int32_t again)
{
    list->count += count;
    list->load += load;
    if (list->load > MOST_LOAD) list->load = MOST_LOAD;
    list->again |= again;
    if (list->again) list->most = list->load;
    else if (most > list->most) list->most = most;
}

void nd_list_add(nd_list *list, int32_t count)
{
    const nd_delivery *spike = list->item + list->count;
    int32_t last = list->count ? spike[-1].neuron : -1, again = 0;
    int64_t load = 0, most = 0;
    for (int32_t i = 0; i < count; i++) {
        const int64_t size = spike[i].payload < 0 ? -(int64_t)spike[i].payload : spike[i].payload;
        again |= spike[i].neuron <= last;
        last = spike[i].neuron;
        load += size;
        most = size > most ? size : most;
    }
    add(list, count, load, most, again);
}

void nd_list_add_plain(nd_list *list, int32_t count)
{
    const nd_delivery *spike = list->item + list->count;
    if (count) add(list, count, count, 1, list->count && spike->neuron <= spike[-1].neuron);
}

int nd_list_append(nd_list *list, const nd_delivery *spike, int32_t count)
{
    nd_delivery *room = nd_list_room(list, count);
    if (!room && count) return -1;
    if (count) memcpy(room, spike, sizeof *spike * (size_t)count);
    nd_list_add(list, count);
    return 0;
}

int nd_send(nd_ring *ring, const nd_image *image, int32_t source, int32_t first, int64_t departure,
            const nd_delivery *spike, int32_t count)
{
    for (int32_t o = image->source_start[source] + first; o < image->source_start[source + 1]; o++) {
        const int32_t number = image->outgoing[o];
        const nd_link *link = &image->link[number];
        if (link->delay >= 0) {
            if (nd_list_append(nd_ring_at(ring, departure + link->delay, number), spike, count)) return -1;
            continue;
        }
        for (int32_t i = 0; i < count; i++) {
            const int32_t row = link->first_row + spike[i].neuron;
            if (!image->row[row].pattern) continue;
            if (nd_list_append(nd_ring_at(ring, departure + image->row_delay[row], number), &spike[i], 1)) return -1;
        }
    }
    return 0;
}
