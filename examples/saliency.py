"""Which pixels does a score depend on? Saliency |∂score/∂pixel|, and integrated gradients with their completeness."""

import numpy as np

import gradwise as gw

SIDE = 8
pattern = np.zeros((SIDE, SIDE))
pattern[2:6, 3:5] = 1.0  # a bar


def score(image):
    return np.tanh(np.sum(pattern * image) / 4 - 1)


def integrated_gradients(f, image, points=32):
    """Image times the mean gradient on the way from black, by Gauss–Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return image * sum(w / 2 * gw.grad(f)((t + 1) / 2 * image) for t, w in zip(nodes, weights))


def main():
    image = 0.8 * pattern + 0.1
    saliency = np.abs(gw.grad(score)(image))
    attribution = integrated_gradients(score, image)
    for row in saliency / saliency.max():
        print("  " + "".join("█" if value > 0.5 else "·" for value in row))
    change = score(image) - score(0 * image)
    print(f"attributions add up to {attribution.sum():.12f}, the change of the score is {change:.12f}")
    return {"saliency": saliency, "attribution": attribution, "change": change, "score": score(image)}


if __name__ == "__main__":
    main()
