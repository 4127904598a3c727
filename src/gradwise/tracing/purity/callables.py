"""What may be called by code of which something is to be proved, and with how many positional arguments.

The limit ends before ``out``: a call within it, with keywords from ``KEYWORDS`` only, writes to none of its arguments.  ``None`` is no limit.
A callee is recognised by identity, never by its name.
"""

from __future__ import annotations

import bisect
import builtins
import cmath
import collections
import contextlib
import copy
import dataclasses
import functools
import heapq
import itertools
import logging
import math
import operator
import sys
import time
import types
import warnings
from typing import Any

import numpy as np


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: keywords that neither name an output nor allow an argument to be overwritten
KEYWORDS = _words("""axis requirements axes ndmin axisa axisb axisc keepdims dtype initial where ddof ord p n k m deg shape newshape order num endpoint retstep base step start stop rtol atol equal_nan mode side left right
    period offset axis1 axis2 min max a_min a_max fill_value indexing decimals ndigits weights returned bias rowvar default key reverse strict prepend append dx x y UPLO hermitian full_matrices
    compute_uv rcond tol constant_values pad_width repeats reps norm s d b return_sign keepdim kind return_inverse return_counts return_index sorter like subok optimize sparse method
    lower trans unit_diagonal check_finite assume_a transposed minlength source destination sep end digits flush stacklevel category nan posinf neginf metric V VI w nu der ext tck wts deriv delta window_length polyorder sigma
    truncate cval origin size correction nan_policy proportiontocut base qk pk type padtype padlen irreducible eigvals_only driver cond xi yi task k xp fp a v arr values condition condlist choicelist bins range increasing rel_tol abs_tol select fs nperseg noverlap window scaling average nfft detrend up down""")

#: NumPy's functions with the number of positional arguments that come before ``out``
_NUMPY = """
    dot 2  vdot 2  inner 2  outer 2  tensordot 3  einsum *  kron 2  cross 5  sum 3  prod 3  mean 3  std 3  var 3  max 2  min 2  amax 2  amin 2  cumsum 3  cumprod 3  argmax 2
    argmin 2  clip 3  round 2  around 2  where 3  concatenate 2  stack 2  vstack 1  hstack 1  dstack 1  column_stack 1  block 1  append 3  insert 4  delete 3  reshape 3  ravel 2  transpose 2
    matrix_transpose 1  permute_dims 2  swapaxes 3  moveaxis 3  rollaxis 3  expand_dims 2  squeeze 2  broadcast_to 2  broadcast_arrays *  broadcast_shapes *  atleast_1d *  atleast_2d *
    atleast_3d *  diag 2  diagonal 4  diagflat 2  trace 5  take 3  take_along_axis 3  compress 3  extract 2  choose 2  select 3  repeat 3  tile 2  roll 3  flip 2  fliplr 1  flipud 1  rot90 3
    sort 4  argsort 4  lexsort 2  partition 4  argpartition 4  median 2  percentile 3  quantile 3  nanmedian 2  nanpercentile 3  nanquantile 3  average 3  ptp 2  cov 7  corrcoef 3  diff 5
    ediff1d 3  gradient *  trapezoid 4  convolve 3  correlate 3  interp 6  searchsorted 4  digitize 3  bincount 3  histogram 5  unique 5  nonzero 1  flatnonzero 1  argwhere 1
    count_nonzero 3  array_split 3  split 3  hsplit 2  vsplit 2  dsplit 2  meshgrid *  tril 2  triu 2  tri 4  tril_indices 3  triu_indices 3  tril_indices_from 2  triu_indices_from 2
    diag_indices 2  diag_indices_from 1  ix_ *  indices 3  unravel_index 3  ravel_multi_index 4  nansum 3  nanprod 3  nanmean 3  nanstd 3  nanvar 3  nanmax 2  nanmin 2  nancumsum 3  nancumprod 3
    nanargmax 2  nanargmin 2  any 2  all 2  allclose 5  isclose 5  array_equal 3  array_equiv 2  isin 4  polyval 2  polyder 2  polyint 3  polyadd 2  polysub 2  polymul 2  polydiv 2  polyfit 3  poly 1  vander 4  real 1
    imag 1  angle 2  real_if_close 2  unwrap 4  sinc 1  i0 1  isscalar 1  iscomplexobj 1  isrealobj 1  ndim 1  shape 1  size 2  result_type *  promote_types 2  min_scalar_type 1  nan_to_num 1
    can_cast 3  issubdtype 2  iscomplex 1  isreal 1  isneginf 1  isposinf 1  fix 1  pad 3  zeros 3  ones 3  empty 3  full 4  zeros_like 5  ones_like 5  empty_like 5  full_like 6  arange 4  linspace 7
    logspace 6  geomspace 5  eye 4  identity 2  array 2  asarray 4  asanyarray 4  ascontiguousarray 2  asfortranarray 2  require 3  copy 3  hamming 1  hanning 1  blackman 1  kaiser 2  bartlett 1
    fromiter 3  resize 2  roots 1  setdiff1d 3  union1d 2  intersect1d 4  trim_zeros 2  unstack 1
    finfo 1  iinfo 1  concat 2  cumulative_sum 1  cumulative_prod 1  vecdot 2
"""
_LINALG = """
    norm 4  inv 1  det 1  slogdet 1  solve 2  eigh 2  eigvalsh 2  eig 1  eigvals 1  cholesky 1  svd 4  svdvals 1  qr 2  lstsq 3  pinv 3  matrix_power 2  multi_dot 1  cond 2  matrix_rank 3
    tensorsolve 3  tensorinv 2  matrix_norm 1  vector_norm 1  outer 2  trace 1  diagonal 1  matmul 2  cross 2  vecdot 2  matrix_transpose 1
"""
_FFT = """
    fft 4  ifft 4  rfft 4  irfft 4  hfft 4  ihfft 4  fft2 4  ifft2 4  rfft2 4  irfft2 4  fftn 4  ifftn 4  rfftn 4  irfftn 4  fftfreq 2  rfftfreq 2  fftshift 2  ifftshift 2
"""
#: functions of other modules, by module
_OTHERS = {
    "numpy.lib.stride_tricks": "sliding_window_view 3",
    "numpy.polynomial.polynomial": "polyval 3  polyder 4  polyint 6  polyadd 2  polymul 2  polysub 2  polyvander 2  polyfromroots 1  polyroots 1  polyfit 4  polyval2d 3",
    "numpy.polynomial.chebyshev": "chebval 3  chebgauss 1  chebvander 2  chebder 4  chebint 6  chebfit 4  cheb2poly 1  poly2cheb 1  chebpts1 1  chebpts2 1",
    "numpy.polynomial.legendre": "legval 3  leggauss 1  legvander 2  legder 4  legint 6  legfit 4",
    "numpy.polynomial.hermite": "hermval 3  hermgauss 1  hermvander 2",
    "numpy.polynomial.hermite_e": "hermeval 3  hermegauss 1",
    "bisect": "bisect 4  bisect_left 4  bisect_right 4",
}
_RANDOM = """
    rand *  randn *  random 1  random_sample 1  uniform 3  normal 3  standard_normal 1  randint 4  permutation 1  choice 4  exponential 2  gamma 3  beta 3  poisson 2  binomial 3  seed 1
"""
#: functions of SciPy's rooms, each with the number of arguments before those that name an output or allow to overwrite one; a room is looked at once it is loaded
_ROOMS = {
    "scipy.special": "logsumexp 5  softmax 2  log_softmax 2  multigammaln 2  polygamma 2  comb 2  factorial 1  perm 2  factorial2 1  diric 2  lambertw 3  softplus 1",
    "scipy.optimize": "rosen 1  rosen_der 1",
    "scipy.linalg": """
        solve 2  inv 1  det 1  cholesky 2  cho_factor 2  cho_solve 2  solve_triangular 5  lu_factor 1  lu_solve 2  block_diag *  toeplitz 2  circulant 1  hankel 2  khatri_rao 2  norm 4
        expm 1  pinv 1  lstsq 3  eigh 2  eigvalsh 2  svdvals 1  solve_banded 3  solveh_banded 2  solve_sylvester 3  solve_discrete_lyapunov 2
        solve_continuous_lyapunov 2   sinm 1  cosm 1  companion 1  hilbert 1  kron 2  polar 1  eigh_tridiagonal 2  eigvalsh_tridiagonal 2  qr 1  svd 1  coshm 1  sinhm 1  tanhm 1  tanm 1  dft 1
        hadamard 1  eig 1  eigvals 1  solve_circulant 2  pascal 1  leslie 2  convolution_matrix 2  cholesky_banded 1  cho_solve_banded 2  rq 1  fiedler 1  helmert 1  invhilbert 1
        null_space 1  orth 1  lu 1  expm_frechet 2  subspace_angles 2""",
    "scipy.integrate": "simpson 1  trapezoid 4  cumulative_trapezoid 5  romb 4",
    "scipy.interpolate": "splev 4  splrep *  splint 3  pchip_interpolate 5  interpn 3  barycentric_interpolate 3",
    "scipy.spatial.distance": """
        cdist 3  pdist 2  squareform 3  euclidean 3  sqeuclidean 3  cosine 3  cityblock 3  chebyshev 3  correlation 3  minkowski 4  mahalanobis 3  braycurtis 3  canberra 3""",
    "scipy.signal": """
        convolve 4  fftconvolve 4  oaconvolve 4  correlate 4  lfilter 3  filtfilt 3  sosfilt 2  savgol_filter 7  hilbert 3  convolve2d 5  detrend 4  butter 5  firwin 2  resample 4  get_window 2  sosfiltfilt 2  decimate 2  periodogram 2  welch 2  upfirdn 4  resample_poly 3  deconvolve 2  freqz 2  wiener 2  lfilter_zi 2  stft 2  csd 3  spectrogram 2""",
    "scipy.ndimage": """
        gaussian_filter1d 4  gaussian_filter 3  uniform_filter1d 3  uniform_filter 2  convolve1d 3  correlate1d 3  convolve 2  correlate 2  laplace 1  sobel 2  map_coordinates 2  shift 2  zoom 2  gaussian_laplace 2  prewitt 2  median_filter 2  minimum_filter 2  maximum_filter 2  gaussian_gradient_magnitude 2  rotate 2  minimum_filter1d 2  maximum_filter1d 2  percentile_filter 3  affine_transform 2""",
    "statistics": "fmean 2  mean 1  median 1  stdev 2  variance 2  pstdev 2  pvariance 2  geometric_mean 1  harmonic_mean 2  median_low 1  median_high 1  correlation 2  covariance 2",
    "scipy.spatial": "distance_matrix 3",
    "scipy.signal.windows": "hann 2  hamming 2  blackman 2  gaussian 3  kaiser 3  tukey 3  boxcar 2  triang 2  cosine 2  bartlett 2  exponential 4  parzen 2",
    "scipy.stats": "skew *  kurtosis *  hmean *  tmean 2  gstd *  zscore *  pearsonr 2  gmean *  sem *  moment *  variation *  iqr 3  trim_mean 3",
    "scipy.fft": """
        fft 4  ifft 4  rfft 4  irfft 4  fft2 4  ifft2 4  rfft2 4  irfft2 4  fftn 4  ifftn 4  fftfreq 2  rfftfreq 2  fftshift 2  ifftshift 2  dct 5  idct 5  dst 5  idst 5  dctn 5  idctn 5  dstn 5  idstn 5  hfft 4  ihfft 4  rfft2 4  irfft2 4  rfftn 4  irfftn 4""",
}

#: NumPy's functions whose result is a fresh array of numbers, whatever they are given
_MAKERS = _words(
    "fromiter zeros ones empty arange linspace logspace geomspace eye identity tri indices fftfreq rfftfreq rand randn random uniform normal standard_normal randint"
    " leggauss chebgauss hermgauss hermegauss"
)
#: those whose result is always another array, whose entries may be the caller's objects if they are no numbers
_RENEWERS = _words(
    """zeros_like ones_like empty_like full full_like array copy stack concatenate concat vstack hstack dstack column_stack append where tile repeat sort outer kron cumsum cumprod
    roll pad insert delete tril triu take take_along_axis extract compress choose select"""
)
#: those whose result is a number, or memory of its own, where their arguments are numbers
_COMPUTING = _words(
    """dot vdot inner tensordot cross sum prod mean std var max min amax amin ptp argmax argmin clip median percentile quantile average cov corrcoef trapezoid convolve correlate
    interp searchsorted digitize bincount nansum nanprod nanmean nanstd nanvar nanmax nanmin nanmedian nanpercentile nanquantile nancumsum nancumprod any all allclose isclose array_equal array_equiv
    isin polyval polyfit trace count_nonzero norm inv det slogdet solve eigh eigvalsh eig eigvals cholesky svd svdvals qr lstsq pinv cond matrix_rank tensorsolve tensorinv matrix_norm
    vector_norm matmul vecdot cumulative_sum cumulative_prod"""
)
#: those that make a tuple, or an iterator, of what may be their arguments; and those that do for several arguments
_GROUPS = _words("tuple zip enumerate reversed iter broadcast_arrays meshgrid ix_ histogram")
_EACH = _words("atleast_1d atleast_2d atleast_3d")
#: Python's own functions
_BUILTINS = """
    abs 1  len 1  range 3  float 1  int 2  complex 2  bool 1  sum 2  min *  max *  round 2  enumerate 2  zip *  map *  filter 2  sorted 1  reversed 1  list 1  tuple 1  dict 1  set 1
    frozenset 1  isinstance 2  divmod 2  pow 3  any 1  all 1  iter 1  next 2  slice 3  ord 1  callable 1
"""
_CONTAINERS = _words("list dict set sorted split array_split hsplit vsplit dsplit tolist")
_NUMBERS = _words("len float int complex bool isinstance any all ord callable bisect bisect_left bisect_right")
_MATH = _words("fsum prod dist hypot gcd lcm comb perm isclose")
_OPERATOR = _words(
    "add sub mul truediv floordiv mod pow matmul neg abs invert and_ or_ xor not_ eq ne lt le gt ge index getitem"
)
_ITERTOOLS = _words(
    "chain count cycle accumulate combinations combinations_with_replacement permutations product repeat islice pairwise takewhile dropwhile starmap zip_longest compress"
)
#: what a logger is asked for
LOGS = {name: getattr(logging, name) for name in sorted(_words("debug info warning error critical exception log"))}
#: functions that ask what time it is
_ASKED: tuple[Any, ...] = tuple(
    [getattr(time, n) for n in ("time", "perf_counter", "monotonic", "process_time", "time_ns", "perf_counter_ns")]
)
#: those that call what they are given, with plain data
_HIGHER = _words("map filter sorted min max reduce accumulate starmap takewhile dropwhile")


class Callee:
    """What is known of something that may be called.

    Attributes
    ----------
    limit : int or None
        The number of positional arguments that cannot reach an output.
    makes : str
        "own": a number or a fresh array; "maker": that, unless an argument after the first may be a dtype; "fresh": a container; "renewed": the call's own if all its arguments are, else fresh; "arguments": the call's own if all its arguments are;
        "computed": a number or a fresh array where numbers are given; "total": the sum of what a container holds, from zero on; "several": a tuple of such; "each": that, but of one array for one; "data": perhaps the caller's.
    pure : bool
        Whether the result depends on the arguments alone, and nothing else happens.
    higher : bool
        Whether it calls what it is given.
    shows : bool
        Whether it does nothing but to show its arguments to somebody else, and gives None.
    """

    __slots__ = ("higher", "limit", "makes", "pure", "shows")

    def __init__(
        self,
        limit: int | None,
        makes: str = "arguments",
        *,
        pure: bool = True,
        higher: bool = False,
        shows: bool = False,
    ) -> None:
        self.shows = shows
        self.limit = limit
        self.makes = makes
        self.pure = pure
        self.higher = higher


def _limits(text: str) -> list[tuple[str, int | None]]:
    words = text.split()
    return [(n, None if k == "*" else int(k)) for n, k in zip(words[::2], words[1::2], strict=True)]


_LIBRARIES = frozenset(["numpy", "scipy", "statistics"])
_COMPILED = (types.BuiltinFunctionType, type, type(np.sum))


def is_librarys(function: Any) -> bool:
    """Whether what a library has under a name is its own, and not put in its place: written in C, or in a module of NumPy's or SciPy's.

    Examples
    --------
    >>> is_librarys(np.median), is_librarys(np.exp), is_librarys(len), is_librarys(lambda x: x)
    (True, True, True, False)
    >>> is_librarys(np.frompyfunc(abs, 1, 1))
    False
    """
    if type(function) is np.ufunc:
        return any(set(signature) - {"O", "-", ">"} for signature in function.types)
    if type(function) is types.FunctionType:
        return str(function.__globals__.get("__name__")).partition(".")[0] in _LIBRARIES
    if type(function).__module__ == "uarray":  # scipy.fft's, for which another backend may do the same
        return str(getattr(function, "__module__", None)).partition(".")[0] in _LIBRARIES
    return type(function) in _COMPILED


def _add(table: dict[int, tuple[Any, Callee]], module: Any, text: str, *, pure: bool = True) -> None:
    for name, limit in _limits(text):
        function = getattr(module, name, None)
        if is_librarys(function) or (function is not None and not pure):
            makes = (
                "maker"
                if name in _MAKERS
                else "renewed"
                if name in _RENEWERS
                else "fresh"
                if name in _CONTAINERS
                else "own"
                if name in _NUMBERS
                else "computed"
                if (module is np or module is np.linalg) and name in _COMPUTING
                else "several"
                if name in _GROUPS
                else "each"
                if name in _EACH
                else "arguments"
            )
            table[id(function)] = function, Callee(limit, makes, pure=pure)


def _make_table() -> dict[int, tuple[Any, Callee]]:
    table: dict[int, tuple[Any, Callee]] = {}
    for module, text in ((np, _NUMPY), (np.linalg, _LINALG), (np.fft, _FFT)):
        _add(table, module, text)
    for name, text in _OTHERS.items():
        if name in sys.modules:
            _add(table, sys.modules[name], text)
    _add(table, np.random, _RANDOM, pure=False)
    for name, limit in _limits(_BUILTINS):
        makes = (
            "own"
            if name in _NUMBERS
            else "fresh"
            if name in _CONTAINERS
            else "several"
            if name in _GROUPS
            else "data"
            if name in _HIGHER
            else "total"
            if name == "sum"
            else "arguments"
        )
        function = getattr(builtins, name)
        if is_librarys(function):
            table[id(function)] = function, Callee(limit, makes, higher=name in _HIGHER)
    for shown in (str, repr):
        table[id(shown)] = shown, Callee(1, "data")
    for function in (print, warnings.warn, *LOGS.values()):
        table[id(function)] = function, Callee(None, "data", pure=False, shows=True)
    for function in _ASKED:
        table[id(function)] = function, Callee(None, "data", pure=False)
    table[id(type)] = type, Callee(1, "data")
    table[id(np.dtype)] = np.dtype, Callee(3, "data")
    for module in (math, cmath):
        for name, function in vars(module).items():
            if isinstance(function, types.BuiltinFunctionType):
                # at their poles these raise, where their programs, which are SciPy's functions, say nothing
                table[id(function)] = (
                    function,
                    Callee(None if name in _MATH else 3, "own", pure=name not in ("gamma", "lgamma")),
                )
    for name in _OPERATOR:
        table[id(getattr(operator, name))] = getattr(operator, name), Callee(2, "arguments")
    for name in _ITERTOOLS:
        function = getattr(itertools, name)
        table[id(function)] = function, Callee(None, "data", higher=name in _HIGHER)
    table[id(itertools.tee)] = itertools.tee, Callee(2, "several")
    for function in (copy.copy, copy.deepcopy):
        if function.__globals__ is vars(copy):
            table[id(function)] = function, Callee(1, "copied")
    table[id(functools.reduce)] = functools.reduce, Callee(3, "data", higher=True)
    for value in vars(builtins).values():
        if isinstance(value, type) and issubclass(value, BaseException):
            table[id(value)] = value, Callee(None, "data")
    for value in (np.float64, np.float32, np.int64, np.int32, np.intp, np.complex128, np.complex64, np.bool_):
        table[id(value)] = value, Callee(1, "arguments")
    for function in list(vars(np).values()):
        if type(function) is np.ufunc and is_librarys(function):
            table[id(function)] = function, Callee(function.nin, "own")
    return table


_table: dict[int, tuple[Any, Callee]] = {}
_scipy_seen: set[str] = set()


def callee_of(value: Any) -> Callee | None:
    """What is known of calling ``value``; None if nothing is."""
    if not _table:
        _table.update(_make_table())
    for name, text in _ROOMS.items():
        module = sys.modules.get(name)
        if module is not None and name not in _scipy_seen:  # SciPy's rooms are looked at once they are loaded
            found: dict[int, tuple[Any, Callee]] = {}
            _add(found, module, text)
            if name == "scipy.special":
                for function in vars(module).values():
                    if type(function) is np.ufunc and is_librarys(function):
                        found[id(function)] = function, Callee(function.nin, "own")
            _table.update(found)
            _scipy_seen.add(name)
    found_callee = _table.get(id(value))
    return None if found_callee is None else found_callee[1]


#: methods of ufuncs
UFUNC_METHODS = {"reduce": 3, "accumulate": 3, "reduceat": 4, "outer": 2}


def _methods(text: str, *, makes: str = "arguments") -> dict[str, Callee]:
    return {name: Callee(limit, makes) for name, limit in _limits(text)}


#: methods of plain data by name, whatever its type: of arrays, numbers, strings, tuples, lists and dicts
METHODS: dict[str, Callee] = {
    **_methods(
        """sum 2  prod 2  mean 2  std 2  var 2  max 1  min 1  argmax 1  argmin 1  cumsum 2  cumprod 2  dot 1  clip 2  trace 4  any 1  all 1  argsort 3  nonzero 0  searchsorted 3  flatten 1  count 3  is_integer 0  bit_length 0""",
        makes="own",
    ),
    **_methods(
        """transpose *  reshape *  ravel 1  squeeze 1  swapaxes 2  repeat 2  take 2  compress 2  choose 1  diagonal 3  item *  round 1  conj 0
        conjugate 0"""
    ),
    **_methods(
        """astype 2  view 1  get 2  keys 0  values 0  items 0  index 3  join 1  upper 0  lower 0  strip 1  startswith 3  endswith 3  split 2  splitlines 1  rsplit 2  lstrip 1  rstrip 1  title 0  capitalize 0  isdigit 0  isalpha 0  replace 3  format *""",
        makes="data",
    ),
    **_methods("tolist 0", makes="fresh"),
    **_methods("copy 1", makes="renewed"),
}

#: methods that change a container made during the call
CHANGES = {"append": 1, "extend": 1, "insert": 2, "pop": 2, "remove": 1, "clear": 0, "update": 1, "setdefault": 2, "add": 1, "discard": 1, "reverse": 0, "sort": 0, "fill": 1}  # fmt: skip
#: those of them that no array has, so that no array is written even where the container is the caller's
HARMLESS = frozenset(CHANGES) - {"sort", "fill"}

#: attributes of plain data
ATTRIBUTES = _words("T mT flat shape ndim size dtype real imag itemsize nbytes kind name eps tiny")
#: those of them that share no memory
NUMBERS = _words("shape ndim size dtype itemsize nbytes eps tiny")


#: NumPy's functions that write to their first argument and give nothing
WRITERS = tuple(
    f for f in (np.fill_diagonal, np.copyto, np.put, np.putmask, np.place, np.put_along_axis) if is_librarys(f)
)

#: containers of Python's, and what goes over them, of which it is known what they make (``boxes.py``)
CONTAINERS = (
    collections.deque, collections.OrderedDict, collections.defaultdict, collections.Counter, itertools.groupby, heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace,
    bisect.insort, bisect.insort_left, heapq.heappushpop, heapq.nlargest, heapq.nsmallest, np.piecewise, np.apply_along_axis, np.ndenumerate, np.ndindex,
)  # fmt: skip

#: a method of a type, which makes another one each time that it is asked for
FROM_KEYS = dict.fromkeys
#: what stands in the place of a default that a dataclass makes anew for each object
ANEW: tuple[Any, ...] = tuple([v for v in (getattr(dataclasses, "_HAS_DEFAULT_FACTORY", None),) if v is not None])

#: classes of what takes an entry, an attribute, or the result of a method of what it is given (``getters.py``)
GETTERS: tuple[type, ...] = (operator.itemgetter, operator.attrgetter, operator.methodcaller)
#: contexts of the standard library (``contexts.py``), and functions that change what is done with warnings
CONTEXTS = (warnings.catch_warnings, contextlib.suppress, contextlib.nullcontext, contextlib.redirect_stdout, contextlib.redirect_stderr)  # fmt: skip
FILTERS = (warnings.simplefilter, warnings.filterwarnings)

#: objects of NumPy's that make arrays of what is given to them as a key, and those that give that key
JOINERS = (np.r_, np.c_, np.mgrid, np.ogrid)
KEYS = (np.s_, np.index_exp)
