#include "update.h"

void nd_update_wide(const nd_block *block, const nd_cells *cells, const int64_t *q, nd_tally *tally)
{
    switch (block->model) {
    case ND_ALIF: nd_update_alif(block, cells, q, tally); break;
    case ND_SIGMA_DELTA: nd_update_sigma_delta(block, cells, q, tally); break;
    case ND_DELTA: nd_update_delta(block, cells, q, tally); break;
    case ND_SIGMA: nd_update_sigma(block, cells, q, tally); break;
    case ND_RESONATE_FIRE: nd_update_resonate_fire(block, cells, q, tally); break;
    default: nd_update_cuba_lif(block, cells, q, tally);
    }
}
