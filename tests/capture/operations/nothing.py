"""What touches no file of the user's: imports, caches, and the tool itself."""

from __future__ import annotations

from ..operation import Operation

LIBRARIES = (
    "numpy", "pandas", "scipy.stats", "sklearn.ensemble", "matplotlib.pyplot", "torch", "keras", "lightning", "transformers", "xgboost",
    "lightgbm", "statsmodels.api", "polars", "duckdb", "h5py", "pyarrow.parquet", "cv2", "PIL.Image", "wandb", "mlflow", "trackio",
    "torch.utils.tensorboard", "networkx", "joblib", "ipywidgets",
)  # fmt: skip

OPERATIONS = (
    *(
        Operation(f"import {name}", name.split(".")[0], f"import os\nos.environ['KERAS_BACKEND'] = 'torch'\nimport {name}")
        for name in LIBRARIES
    ),
    Operation("a figure shown", "matplotlib", "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", needs_kernel=True),
    Operation("values and the tool's own words", "dotscience", "import dotscience_jlab as ds\nds.parameter('lr', 0.1)\n"
              "for n in range(9): ds.log({'loss': 1.0 / (n + 1)}, step=n)\nds.summary('best', 1)\nds.table('t', [[1, 2]])"),
    Operation("%whos, %time, %history", "IPython", "x = 1\n%whos\n%time sum(range(9))\n%history", needs_kernel=True),
    Operation("pip list", "pip", "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', '--version'], capture_output=True)"),
)  # fmt: skip
