"""How the gallery orders its scripts, and runs one: it hands it a place for its picture, and takes the picture from there."""

import shutil
from pathlib import Path

from sphinx_gallery.scrapers import figure_rst

PICTURES = Path(__file__).parent / "_build" / "pictures"

ORDER = [
    "numerical_derivative",
    "common_derivatives",
    "partial_derivatives",
    "gradient",
    "directional_derivatives",
    "contours",
    "linear_layer",
    "hessian_classification",
    "himmelblau",
    "gradient_descent",
    "line_through_points",
    "linear_regression",
    "logistic_regression",
    "softmax_cross_entropy",
    "two_layer_network",
    "backward_cost",
    "gradient_clipping",
    "saddle_escape",
    "natural_gradient",
    "saliency",
    "pictures",
]


class TutorialOrder:
    """Scripts in the order of the tutorial, others after them by name."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, filename):
        name = Path(filename).stem
        return (ORDER.index(name) if name in ORDER else len(ORDER), name)

    def __repr__(self):
        return "TutorialOrder"


def where_to_save(gallery_conf, script_vars):
    """The arguments of a script: the file to save its picture in."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return [str(PICTURES / Path(script_vars["src_file"]).with_suffix(".png").name)]


def saved_picture(block, block_vars, gallery_conf):
    """The picture that a script has saved, moved into the gallery and shown on its page."""
    picture = PICTURES / Path(block_vars["src_file"]).with_suffix(".png").name
    if not picture.exists():
        return ""
    target = next(block_vars["image_path_iterator"])
    shutil.move(picture, target)
    return figure_rst([target], gallery_conf["src_dir"])
