"""Counter-based random numbers for sampling: each depends on the sample and the step, not on the order of the draws.

The number for a step of a sample is a function of (seed, question, prompt, sample, step) and of nothing else, so a
sample is the same in any batch, shard or order. The function is Philox-4x32-10 (Salmon et al. 2011, "Parallel random
numbers: as easy as 1, 2, 3"), vectorized over samples.
"""

import numpy as np

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_ROUNDS = 10


def philox(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Apply Philox-4x32-10.

    Args:
        counter: uint64 [4, n], each value below 2**32.
        key: two numbers below 2**32.

    Returns:
        uint64 [4, n], each value below 2**32, uniformly distributed.
    """
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (
            (second >> np.uint64(32)) ^ b ^ np.uint64(k0),
            second & _LOW,
            (first >> np.uint64(32)) ^ d ^ np.uint64(k1),
            first & _LOW,
        )
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return np.stack([a, b, c, d])


def uniforms(seed: int, question: np.ndarray, prompt: np.ndarray, sample: np.ndarray, step: int) -> np.ndarray:
    """Return one uniform number in [0, 1) for every sample.

    Args:
        seed: the seed of the run, below 2**64.
        question: uint64 [n], the id of the question as a number.
        prompt: [n], below 2**16.
        sample: [n], below 2**16.
        step: the position of the token to draw.

    Returns:
        float64 [n] with 53 random bits.
    """
    place = (prompt.astype(np.uint64) << np.uint64(16)) | sample.astype(np.uint64)
    counter = np.stack([question & _LOW, question >> np.uint64(32), place, np.full_like(place, step)])
    words = philox(counter, (seed & 0xFFFFFFFF, seed >> 32))
    bits = (words[0] << np.uint64(21)) ^ (words[1] >> np.uint64(11))
    return bits.astype(np.float64) * 2.0**-53
