#include "core.h"
#include "lanes_baseline.h"
#define KERNELS nd_kernels_baseline
#define NAME "baseline"
#include "kernels_body.h"
