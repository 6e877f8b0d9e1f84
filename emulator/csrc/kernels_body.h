/* The kernels, written once over `lanes`, `shorts` and `row`; included by one file per instruction set, which defines
   KERNELS and NAME. Whatever the lanes, the bits are the same: all of it is integer arithmetic, and the one float
   product is exact where it is looked at. */
#include <stddef.h>
#include <string.h>

#include "kernels.h"

#include "accumulate_body.h"
#include "update_body.h"

static uint64_t not_zero(const uint64_t *word)
{
    uint64_t used = 0;
    for (int i = 0; i < 64; i += 8) used |= eight_not_zero(word + i) << i;
    return used;
}

const nd_kernels KERNELS = {NAME, accumulate, update, not_zero};
