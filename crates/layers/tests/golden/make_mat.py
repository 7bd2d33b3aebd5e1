"""Writes the .mat files of this directory and has SciPy read back those made by hand.

python3 make_mat.py, with NumPy and SciPy (2.4.6 and 1.17.1 made what is here).
"""

import struct
import zlib

import numpy as np
from scipy.io import loadmat, savemat
from scipy.sparse import csc_matrix

HEADER = b"MATLAB 5.0 MAT-file, written by make_mat.py".ljust(116)


def save(name, variables, **options):
    """savemat, without the date in the header, so that equal data gives equal files."""
    savemat(name, variables, **options)
    if options.get("format") != "4":
        with open(name, "r+b") as file:
            file.write(HEADER)


def element(order, kind, data):
    if 0 < len(data) <= 4:
        return struct.pack(order + "I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(order + "II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(order, name, array_class, storage, code, values):
    """A matrix whose numbers are stored as another type, as MATLAB does with small integers."""
    values = np.asarray(values)
    numbers = b"".join(struct.pack(order + code, v) for v in values.T.ravel().tolist())
    body = element(order, 6, struct.pack(order + "II", array_class, 0))
    body += element(order, 5, struct.pack(order + "ii", *values.shape))
    body += element(order, 1, name.encode()) + element(order, storage, numbers)
    return struct.pack(order + "II", 14, len(body)) + body


def by_hand(name, order, compress):
    """The same 2 by 3 matrix of doubles in every storage type."""
    values = [[1, 2, 3], [100, 5, 6]]
    codes = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "f", 9: "d", 12: "q", 13: "Q"}
    endian = struct.pack(order + "HH", 0x0100, ord("M") << 8 | ord("I"))
    with open(name, "wb") as file:
        file.write(HEADER + b"\0" * 8 + endian)
        for storage, code in codes.items():
            whole = matrix(order, f"stored_as_{storage}", 6, storage, code, values)
            if compress:
                whole = zlib.compress(whole)
                whole = struct.pack(order + "II", 15, len(whole)) + whole
            file.write(whole)
    read = loadmat(name)
    for storage in codes:
        assert (read[f"stored_as_{storage}"] == values).all()


X = (np.arange(14).reshape(7, 2) - 5) / 4.0
X[0] = [0.125, 0.25]
sets = dict(
    X=X,
    y=np.array([[0], [1], [1], [0], [1], [0], [1]], np.uint8),
    Xval=X[:4] * -3.0,
    yval=np.array([[1.0], [0.0], [0.0], [1.0]]),
)
save("data.mat", sets, do_compression=True)
save("data_v6.mat", sets, do_compression=False)
save("v4.mat", dict(X=X), format="4")

small, positive, large = [[-1, 2, 3], [100, 5, -6]], [[1, 2, 3], [200, 5, 6]], [[-1, 2, 3], [300, 5, -6]]
classes = dict(
    doubles=np.array(large) / 8.0,
    singles=np.array(large, np.float32) / 8,
    int8s=np.array(small, np.int8),
    uint8s=np.array(positive, np.uint8),
    int16s=np.array(large, np.int16),
    uint16s=np.array(positive, np.uint16) + 60_000,
    int32s=np.array(large, np.int32) * 100_000,
    uint32s=np.array(positive, np.uint32) + 4_000_000_000,
    int64s=np.array(large, np.int64) * 10**12,
    uint64s=np.array(positive, np.uint64) + 2**52,
    logicals=np.array([[True, False, True], [False, False, True]]),
    empty=np.zeros((0, 3)),
    cube=np.zeros((2, 3, 4)),
    complex=np.array([[1 + 2j]]),
    text="abc",
    cell=np.array([1, "a"], dtype=object),
    struct={"field": 1.0},
    sparse=csc_matrix(np.eye(2)),
)
save("classes.mat", classes, do_compression=True)
save("classes_v6.mat", classes, do_compression=False)
by_hand("big_endian.mat", ">", compress=False)
by_hand("big_endian_v7.mat", ">", compress=True)
by_hand("stored_small.mat", "<", compress=False)
