#include "lanes_avx2.h"
#define KERNELS nd_kernels_avx2
#define NAME "avx2"
#include "kernels_body.h"
