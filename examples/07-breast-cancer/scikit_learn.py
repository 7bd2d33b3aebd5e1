"""scikit-learn's MLPClassifier on the split that the example writes.

    cargo run --release --example 07-breast-cancer -- --split split.json
    python3 examples/07-breast-cancer/scikit_learn.py split.json

With --record the output goes to scikit_learn.json, which the example shows beside its own.
The network has the example's sizes; all else is scikit-learn's default, but for enough iterations.
"""

import json
import sys
from pathlib import Path

import numpy
import sklearn
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
SEEDS = range(11)  # odd, so that one of them is the median

table = numpy.loadtxt(HERE / "../data/breast_cancer.csv", delimiter=",", skiprows=1)
x, y = table[:, :-1], table[:, -1]
split = json.loads(Path(sys.argv[1]).read_text())
train, test = split["train"], split["test"]

runs = []
for seed in SEEDS:
    network = MLPClassifier(hidden_layer_sizes=(16, 8), max_iter=2000, random_state=seed)
    model = make_pipeline(StandardScaler(), network).fit(x[train], y[train])
    scores = model.predict_proba(x[test])[:, 1]
    runs.append(
        {
            "random_state": seed,
            "right": int((model.predict(x[test]) == y[test]).sum()),
            "auc": float(roc_auc_score(y[test], scores)),
        }
    )

output = json.dumps(
    {
        "scikit_learn": sklearn.__version__,
        "numpy": numpy.__version__,
        "classifier": "StandardScaler, MLPClassifier(hidden_layer_sizes=(16, 8), max_iter=2000)",
        "split_seed": split["seed"],
        "test_examples": test,
        "runs": runs,
    }
)
if "--record" in sys.argv:
    (HERE / "scikit_learn.json").write_text(output + "\n")
print(output)
