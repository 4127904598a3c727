"""Functions of which code that no run sees changes a state: each a module of its own, ``f`` and what it leaves (``state``), by name."""

HEAD = "import copy, functools, gc, math, pickle, sys, weakref\nimport numpy as np\n"

_TEXT = r"""
# copy_hook
log=[]
class C:
    def __copy__(self):
        log.append(1)
        return self
o=C()
def f(x):
    copy.copy(o)
    return (x**2).sum()*1.1+len(log)*x[0]
def state(): return list(log)
# deepcopy_hook_global
n=0
class C:
    def __deepcopy__(self, memo):
        global n
        n+=1
        return C()
o=C()
def f(x):
    copy.deepcopy({1:o})
    return (x**2).sum()*1.1+n*x[0]
def state(): return n
# deepcopy_hook_list
log=[]
class C:
    def __deepcopy__(self, memo):
        log.append(len(log))
        return C()
o=C()
def f(x):
    copy.deepcopy((o,))
    return (x**2).sum()*1.1+len(log)*x[0]
def state(): return list(log)
# pickle_reduce
log={}
class C:
    def __reduce__(self):
        log['n']=log.get('n',0)+1
        return (int,(1,))
def f(x):
    pickle.dumps(C())
    return (x**2).sum()*1.1+log['n']*x[0]
def state(): return dict(log)
# pickle_getstate
class C:
    n=[0]
    def __getstate__(self):
        self.n[0]+=1
        return {}
    def __setstate__(self, s):
        self.n[0]+=10
C.__module__=__name__
o=C()
def f(x):
    pickle.loads(pickle.dumps(o))
    return (x**2).sum()*1.1+C.n[0]*x[0]
def state(): return C.n[0]
# htmlparser_global_obj
import html.parser
class P(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(); self.n=0
    def handle_starttag(self, tag, attrs): self.n+=1
p=P()
def f(x):
    p.feed("<a><b></b></a>")
    return (x**2).sum()*1.1+p.n*x[0]
def state(): return p.n
# json_encoder_class
import json
class E(json.JSONEncoder):
    n=0
    def default(self,o):
        E.n+=1; return 1
def f(x):
    json.dumps([{1j}], cls=E)
    return (x**2).sum()*1.1+E.n*x[0]
def state(): return E.n
# re_sub_callback_global
import re
c=0
def rep(m):
    global c
    c+=1; return "x"
pat=re.compile("a")
def f(x):
    pat.sub(rep, "banana")
    return (x**2).sum()*1.1+c*x[0]
def state(): return c
# mock_count
from unittest import mock
m=mock.Mock(return_value=2.0)
def f(x):
    a=m(1)
    return (x**2).sum()*a+m.call_count*x[0]
def state(): return m.call_count, len(m.mock_calls)
# mock_magic
from unittest import mock
m=mock.MagicMock()
m.__len__.return_value=3
def f(x):
    return (x**2).sum()*len(m)
def state(): return m.__len__.call_count
# mock_side_effect
from unittest import mock
m=mock.Mock(side_effect=[1.0,2.0,3.0,4.0,5.0,6.0,7.,8.])
def f(x):
    return (x**2).sum()*m()
def state(): return m.call_count
# errstate_call_obj
class L:
    n=0
    def write(self,msg): L.n+=1
    def __call__(self,err,flag): L.n+=1
o=L()
zz=np.array([0.0])
def f(x):
    with np.errstate(divide='call', call=o):
        np.ones(1)/zz
    return (x**2).sum()*1.1+L.n*x[0]
def state(): return L.n
# errstate_log_obj
class L:
    def __init__(self): self.m=[]
    def write(self,msg): self.m.append(msg)
o=L()
zz=np.array([0.0])
def f(x):
    with np.errstate(divide='log', call=o):
        np.ones(1)/zz
    return (x**2).sum()*1.1+len(o.m)*x[0]
def state(): return len(o.m)
# showwarning
import warnings
c=[0]
def sw(*a, **k): c[0]+=1
def f(x):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning=sw
        warnings.warn("hello")
    return (x**2).sum()*1.1+c[0]*x[0]
def state(): return c[0]
# exception_args
E=ValueError("a")
def f(x):
    E.args=E.args+("b",)
    return (x**2).sum()*1.1+len(E.args)*x[0]
def state(): return E.args
# exception_notes
E=ValueError("a")
def f(x):
    E.add_note("b")
    return (x**2).sum()*1.1+len(E.__notes__)*x[0]
def state(): return list(getattr(E,'__notes__',[]))
# exception_raised_tb
E=ValueError("a")
def depth():
    t=E.__traceback__; n=0
    while t is not None: n+=1; t=t.tb_next
    return n
def f(x):
    try: raise E
    except ValueError: pass
    return (x**2).sum()*1.1+depth()*x[0]
def state(): return depth()
# exception_tb_after
E=ValueError("a")
def depth():
    t=E.__traceback__; n=0
    while t is not None: n+=1; t=t.tb_next
    return n
def f(x):
    try: raise E
    except ValueError: pass
    return (x**2).sum()*1.1
def state(): return depth()
# del_count
class C:
    n=0
    def __del__(self): C.n+=1
def f(x):
    c=C(); del c
    return (x**2).sum()*1.1+C.n*x[0]
def state(): return C.n
# del_order
log=[]
class C:
    def __init__(s,n): s.n=n
    def __del__(self): log.append(self.n)
def f(x):
    a=C(1); b=C(2); del b; del a; c=C(3); c=None
    return (x**2).sum()*1.1+len(log)*x[0]
def state(): gc.collect(); return list(log)
# del_count_global
log=[]
class C:
    def __del__(self): log.append(1)
def f(x):
    c=C()
    return (x**2).sum()*1.1+len(log)*x[0]
def state(): gc.collect(); return list(log)
# rng_bitgen_raw
bg=np.random.PCG64(3)
def f(x): return (x**2).sum()*(bg.random_raw()%7+1)
def state(): return bg.state['state']['state']
# rng_from_bitgen
bg=np.random.MT19937(3)
def f(x): return (x**2).sum()*np.random.Generator(bg).random()
def state(): return int(bg.state['state']['pos']), int(bg.state['state']['key'][0])
# rng_spawn
rng=np.random.default_rng(3)
def f(x):
    c=rng.spawn(1)[0]
    return (x**2).sum()*c.random()
def state(): return rng.bit_generator.seed_seq.n_children_spawned
# rng_seedseq
ss=np.random.SeedSequence(5)
def f(x):
    c=np.random.default_rng(ss.spawn(1)[0])
    return (x**2).sum()*c.random()
def state(): return ss.n_children_spawned
# rng_scipy_stats
import scipy.stats as st
rng=np.random.default_rng(3)
def f(x): return (x**2).sum()*(1+st.norm.rvs(random_state=rng)**2)
def state(): return rng.bit_generator.state['state']['state']
# rng_scipy_frozen
import scipy.stats as st
fr=st.norm(1.0,0.5); fr.random_state=np.random.default_rng(3)
def f(x): return (x**2).sum()*(1+fr.rvs()**2)
def state(): return fr.random_state.bit_generator.state['state']['state']
# np_printoptions
def f(x):
    p=np.get_printoptions()['precision']; np.set_printoptions(precision=(p+1)%20)
    return (x**2).sum()*(p+1)
def reset(): np.set_printoptions(precision=8)
def state(): return np.get_printoptions()['precision']
# np_seterr_stay
def f(x):
    o=np.seterr(under='warn' if np.geterr()['under']=='ignore' else 'ignore')
    return (x**2).sum()*(2.0 if o['under']=='warn' else 1.0)
def reset(): np.seterr(under='ignore')
def state(): return np.geterr()['under']
# hash_count_globallist
log=[]
class K:
    def __hash__(s): log.append(1); return 1
k=K()
def f(x):
    d={k:2.0}
    return (x**2).sum()*d[k]+len(log)*x[0]
def state(): return list(log)
# in_set_eq
cnt=[0]
class K:
    def __eq__(s,o): cnt[0]+=1; return True
    def __hash__(s): return 3
S={K()}
def f(x):
    b=K() in S
    return (x**2).sum()*(1+b)+cnt[0]*x[0]
def state(): return list(cnt)
# format_count
class K:
    n=0
    def __format__(s,spec): K.n+=1; return "k"
k=K()
def f(x):
    s=f"{k}"+"{}".format(k)
    return (x**2).sum()*len(s)+K.n*x[0]
def state(): return K.n
# str_count_list
log=[]
class K:
    def __str__(s): log.append(1); return "k"
    def __repr__(s): log.append(2); return "r"
k=K()
def f(x):
    s=str(k)+repr([k])+"%s"%k
    return (x**2).sum()*len(s)+len(log)*x[0]
def state(): return list(log)
# index_count
cnt=[0]
class I:
    def __index__(s): cnt[0]+=1; return 1
i=I()
def f(x):
    return (x**2).sum()*[1.,2.][i]+x[i]*cnt[0]+range(5)[i]
def state(): return list(cnt)
# init_subclass
class B:
    subs=[]
    def __init_subclass__(cls): B.subs.append(cls.__name__)
def f(x):
    class D(B): pass
    return (x**2).sum()*len(B.subs)
def state(): return list(B.subs)
# init_subclass_type
class B:
    n=0
    def __init_subclass__(cls): B.n+=1
def f(x):
    type("D",(B,),{})
    return (x**2).sum()*B.n
def state(): return B.n
# set_name_type
log=[]
class D:
    def __set_name__(s,o,n): log.append(n)
def f(x):
    type("K",(),{"a":D()})
    return (x**2).sum()*len(log)
def state(): return list(log)
# metaclass_count
class M(type):
    made=0
    def __new__(m,*a):
        M.made+=1
        return super().__new__(m,*a)
def f(x):
    class K(metaclass=M): pass
    return (x**2).sum()*M.made
def state(): return M.made
# atexit_reg
import atexit
def cb(): pass
def f(x):
    n=atexit._ncallbacks(); atexit.register(cb)
    return (x**2).sum()*1.1
def reset():
    global base
    base=atexit._ncallbacks()
def state(): return atexit._ncallbacks()-base
# instancecheck
class M(type):
    n=0
    def __instancecheck__(c,o): M.n+=1; return True
class A(metaclass=M): pass
def f(x): return (x**2).sum()*isinstance(3,A)+M.n*x[0]
def state(): return M.n
# enum_missing
import enum
n=[0]
class E(enum.Enum):
    a=1
    @classmethod
    def _missing_(cls,v): n[0]+=1; return cls.a
def f(x): return (x**2).sum()*E(7).value+n[0]*x[0]
def state(): return n[0]
# random_users_random
import random
class R(random.Random):
    n=0
    def random(self):
        R.n+=1
        return super().random()
r=R(3)
def f(x): return (x**2).sum()*(r.choice([1.,2.])+r.uniform(1,2))+R.n*x[0]
def state(): return R.n, hash(r.getstate())
# partialmethod_prop
class C:
    n=0
    @property
    def v(s):
        C.n+=1
        return 2.0
o=C()
import operator
get=operator.attrgetter("v")
def f(x): return (x**2).sum()*get(o)+sum(map(get,[o,o]))*x[0]*C.n
def state(): return C.n
# copyreg_pickle
import copyreg
n=[0]
class C: pass
o=C()
def red(c): n[0]+=1; return (C,())
copyreg.pickle(C,red)
def f(x):
    copy.copy(o); copy.deepcopy(o)
    return (x**2).sum()*1.1+n[0]*x[0]
def state(): return n[0]
# string_template
import string
n=[0]
class M(dict):
    def __getitem__(s,k): n[0]+=1; return "v"
def f(x):
    s=string.Template("$a $b").substitute(M())
    return (x**2).sum()*len(s)+n[0]*x[0]
def state(): return n[0]
# string_formatter
import string
class F(string.Formatter):
    n=0
    def get_value(s,k,a,kw): F.n+=1; return 1
def f(x):
    t=F().format("{a}{b}")
    return (x**2).sum()*len(t)+F.n*x[0]
def state(): return F.n
# sqlite_func
import sqlite3
db=sqlite3.connect(":memory:"); n=[0]
def q(a): n[0]+=1; return a*2
db.create_function("q",1,q)
def f(x):
    v=db.execute("select q(2)").fetchone()[0]
    return (x**2).sum()*v+n[0]*x[0]
def state(): return n[0]
# argparse_action
import argparse
n=[0]
def typ(s): n[0]+=1; return float(s)
p=argparse.ArgumentParser(); p.add_argument("--a",type=typ)
def f(x):
    a=p.parse_args(["--a","2.5"]).a
    return (x**2).sum()*a+n[0]*x[0]
def state(): return n[0]
# saxparser
import xml.sax
class H(xml.sax.ContentHandler):
    n=0
    def startElement(s,*a): H.n+=1
def f(x):
    xml.sax.parseString(b"<a><b/></a>",H())
    return (x**2).sum()*H.n
def state(): return H.n
# configparser_state
import configparser
cp=configparser.ConfigParser(); cp.read_string("[a]\nn=0\n")
def f(x):
    cp["a"]["n"]=str(int(cp["a"]["n"])+1)
    return (x**2).sum()*int(cp["a"]["n"])
def state(): return cp["a"]["n"]
# et_subelement
import xml.etree.ElementTree as ET
root=ET.Element("r")
def f(x):
    ET.SubElement(root,"a")
    return (x**2).sum()*len(root)
def state(): return len(root)
# statistics_users
import statistics
n=[0]
class V(float):
    def __hash__(s): n[0]+=1; return 1
vs=[V(1.),V(2.),V(2.)]
def f(x): return (x**2).sum()*statistics.mode(vs)+n[0]*x[0]
def state(): return n[0]
# codecs_err
import codecs
n=[0]
def eh(e): n[0]+=1; return ("?",e.end)
codecs.register_error("gweh",eh)
def reset(): codecs.register_error("gweh",eh)
def f(x):
    s="é".encode("ascii","gweh")
    return (x**2).sum()*len(s)+n[0]*x[0]
def state(): return n[0]
# set_users_hash_module
calls={}
class K:
    def __init__(s,n): s.n=n
    def __hash__(s): calls[s.n]=calls.get(s.n,0)+1; return hash(s.n)
    def __eq__(s,o): return s.n==o.n
def f(x):
    s={K(1),K(2),K(1)}; t=frozenset([K(3)])
    return (x**2).sum()*len(s|t)+calls[1]*x[0]
def state(): return dict(calls)
# numerical_hash_count
import ctypes
class K:
    n=0
    def __hash__(s): K.n+=1; return 1
k=K()
def f(x):
    a=ctypes.c_double(float(x[0])).value
    d={k:a}
    return d[k]**2+x[1]*K.n
def state(): return K.n
# numerical_global_list_hash
import ctypes
log=[]
class K:
    def __hash__(s): log.append(1); return 1
k=K()
def f(x):
    a=ctypes.c_double(float(x[0])).value
    d={k:a}
    return d[k]**2+x[1]*len(log)
def state(): return len(log)
# numerical_del
import ctypes
log=[]
class K:
    def __del__(s): log.append(1)
def f(x):
    a=ctypes.c_double(float(x[0])).value
    K()
    return a**2+x[1]*len(log)
def state(): gc.collect(); return len(log)
# numerical_mock
import ctypes
from unittest import mock
m=mock.Mock(return_value=2.0)
def f(x):
    a=ctypes.c_double(float(x[0])).value
    m()
    return a**2+x[1]*m.call_count
def state(): return m.call_count
# sys_recursionlimit
import sys
base=1000
def f(x):
    sys.setrecursionlimit(sys.getrecursionlimit()+1)
    return (x**2).sum()*(sys.getrecursionlimit()-base)
def reset(): sys.setrecursionlimit(1000)
def state(): return sys.getrecursionlimit()
"""

#: the source of each by name
PROGRAMS = {
    part.partition("\n")[0].strip(): HEAD + part.partition("\n")[2] for part in _TEXT.split("\n# ") if part.strip()
}
