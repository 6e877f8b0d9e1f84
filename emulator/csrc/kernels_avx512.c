#include "lanes_avx512.h"
#define KERNELS nd_kernels_avx512
#define NAME "avx512"
#include "kernels_body.h"
