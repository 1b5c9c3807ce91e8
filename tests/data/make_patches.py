"""Make patches.npy: 2 heads of 400 keys of 64 entries, 8 x 8 patches of two images that matplotlib ships.

Head 1 is of grace_hopper.jpg (a public-domain photograph), head 2 of s1045.ima.gz (a scan of a head). Patches lie at
places drawn with seed 0 among those with any contrast, less their own mean, over the root mean square of the image's
patches; float16. Run `python tests/data/make_patches.py` from the repository's root.
"""

import gzip
from pathlib import Path

import matplotlib.cbook
import matplotlib.image
import numpy as np

PATCH, COUNT = 8, 400


def patches(image, rng):
    chosen = []
    while len(chosen) < COUNT:
        row, column = (rng.integers(0, size - PATCH + 1) for size in image.shape)
        patch = image[row : row + PATCH, column : column + PATCH].ravel()
        if patch.std() > 0.02 * image.std():
            chosen.append(patch - patch.mean())
    return np.stack(chosen) / np.sqrt(np.mean(np.square(chosen)))


def main():
    rng = np.random.default_rng(0)
    photograph = matplotlib.image.imread(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
    with gzip.open(matplotlib.cbook.get_sample_data("s1045.ima.gz", asfileobj=False)) as file:
        scan = np.frombuffer(file.read(), np.uint16).reshape(256, 256)
    heads = [patches(np.asarray(image, float), rng) for image in (photograph.mean(axis=2), scan)]
    np.save(Path(__file__).with_name("patches.npy"), np.stack(heads).astype(np.float16))


if __name__ == "__main__":
    main()
