"""Models, pictures and what trains: joblib, scikit-learn, torch, safetensors, keras, xgboost, lightgbm, OpenCV, PIL, matplotlib."""

from __future__ import annotations

from typing import Any

from ..operation import Operation

PICTURE = "import numpy, PIL.Image\nPIL.Image.fromarray(numpy.zeros((8, 8, 3), 'u1')).save('{0}')\n"
CV = "import numpy, cv2\npicture = numpy.zeros((8, 8, 3), 'u1')\n"
BOOST = "import numpy, xgboost\nmodel = xgboost.train({'max_depth': 2}, xgboost.DMatrix(numpy.eye(8), label=numpy.arange(8) % 2), 2)\n"
LIGHT = ("import numpy, lightgbm\ndata = lightgbm.Dataset(numpy.random.rand(60, 3), label=numpy.arange(60) % 2, params={'verbose': -1})\n"
         "model = lightgbm.train({'verbose': -1, 'num_leaves': 3}, data, 2)\n")
ROWS = "open('{0}', 'w').write('\\n'.join(f'{{n % 2}},{{n}},{{n * 3 % 7}}' for n in range(60)))\n"
TENSORS = "import torch\ntensors = {'w': torch.ones(3)}\n"
VIDEO = CV + "video = cv2.VideoWriter('{0}', cv2.VideoWriter.fourcc(*'MJPG'), 5, (8, 8))\nfor _ in range(3): video.write(picture)\nvideo.release()\n"


def of(library: str, name: str, act: str, **more: Any) -> Operation:
    return Operation(f"{library} {name}", library, act, **more)


OPERATIONS = (
    of("joblib", "load", "import joblib\njoblib.load('a.joblib')", setup="import joblib; joblib.dump([1], 'a.joblib')", reads=("a.joblib",)),
    of("joblib", "load, memory-mapped, outside", "import joblib\njoblib.load('../outside/a.joblib', mmap_mode='r')",
       setup="import joblib, numpy; joblib.dump(numpy.ones(9), '../outside/a.joblib')", reads=("../outside/a.joblib",)),
    of("joblib", "dump", "import joblib\njoblib.dump([1], 'b.joblib')", writes=("b.joblib",)),
    of("scikit-learn", "load_iris", "from sklearn.datasets import load_digits\nimport sklearn.linear_model"),
    of("scikit-learn", "load_svmlight_file", "import sklearn.datasets\nsklearn.datasets.load_svmlight_file('a.svm')",
       setup="open('a.svm', 'w').write('1 1:2\\n0 1:3\\n')", reads=("a.svm",)),
    of("scikit-learn", "load_files, outside", "import sklearn.datasets\nsklearn.datasets.load_files('../outside/texts')",
       setup="import os\nfor n in 'ab':\n    os.makedirs(f'../outside/texts/{n}'); open(f'../outside/texts/{n}/1.txt', 'w').write(n)",
       reads=("../outside/texts/a/1.txt", "../outside/texts/b/1.txt")),
    of("torch", "load", "import torch\ntorch.load('a.pt')", setup=TENSORS + "torch.save(tensors, 'a.pt')", reads=("a.pt",)),
    of("torch", "load, memory-mapped, outside", "import torch\ntorch.load('../outside/a.pt', mmap=True)",
       setup=TENSORS + "torch.save(tensors, '../outside/a.pt')", reads=("../outside/a.pt",)),
    of("torch", "save", TENSORS + "torch.save(tensors, 'b.pt')", writes=("b.pt",)),
    of("torch", "jit.save", "import torch\ntorch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), 'b.pt')", writes=("b.pt",)),
    of("torch", "jit.load", "import torch\ntorch.jit.load('a.pt')",
       setup="import torch; torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), 'a.pt')", reads=("a.pt",)),
    of("torch", "from_file", "import torch\ntorch.from_file('a.bin', size=3)", setup="open('a.bin', 'wb').write(bytes(12))", reads=("a.bin",)),
    of("safetensors", "torch.load_file", "import safetensors.torch\nsafetensors.torch.load_file('a.safetensors')",
       setup=TENSORS + "import safetensors.torch; safetensors.torch.save_file(tensors, 'a.safetensors')", reads=("a.safetensors",)),
    of("safetensors", "torch.save_file", TENSORS + "import safetensors.torch\nsafetensors.torch.save_file(tensors, 'b.safetensors')", writes=("b.safetensors",)),
    of("safetensors", "numpy.load_file, outside", "import safetensors.numpy\nsafetensors.numpy.load_file('../outside/a.safetensors')",
       setup="import numpy, safetensors.numpy; safetensors.numpy.save_file({'w': numpy.ones(3)}, '../outside/a.safetensors')",
       reads=("../outside/a.safetensors",)),
    of("safetensors", "numpy.save_file", "import numpy, safetensors.numpy\nsafetensors.numpy.save_file({'w': numpy.ones(3)}, 'b.safetensors')", writes=("b.safetensors",)),
    of("safetensors", "safe_open", "from safetensors import safe_open\nwith safe_open('a.safetensors', framework='np') as file: file.get_tensor('w')",
       setup="import numpy, safetensors.numpy; safetensors.numpy.save_file({'w': numpy.ones(3)}, 'a.safetensors')", reads=("a.safetensors",)),
    of("keras", "save", "import os\nos.environ['KERAS_BACKEND'] = 'torch'\nimport keras\nkeras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save('b.keras')",
       writes=("b.keras",)),
    of("keras", "load_model", "import os\nos.environ['KERAS_BACKEND'] = 'torch'\nimport keras\nkeras.saving.load_model('a.keras')",
       setup="import os\nos.environ['KERAS_BACKEND'] = 'torch'\nimport keras\nkeras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save('a.keras')",
       reads=("a.keras",)),
    of("keras", "save_weights", "import os\nos.environ['KERAS_BACKEND'] = 'torch'\nimport keras\n"
       "keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save_weights('b.weights.h5')", writes=("b.weights.h5",)),
    of("xgboost", "DMatrix of a file", "import xgboost\nxgboost.DMatrix('a.csv?format=csv&label_column=0')", setup=ROWS.format("a.csv"), reads=("a.csv",)),
    of("xgboost", "save_model", BOOST + "model.save_model('b.ubj')", writes=("b.ubj",)),
    of("xgboost", "load_model", "import xgboost\nxgboost.Booster().load_model('a.json')", setup=BOOST + "model.save_model('a.json')", reads=("a.json",)),
    of("xgboost", "Booster of a file outside", "import xgboost\nxgboost.Booster(model_file='../outside/a.json')", setup=BOOST + "model.save_model('../outside/a.json')",
       reads=("../outside/a.json",)),
    of("xgboost", "DMatrix.save_binary", "import numpy, xgboost\nxgboost.DMatrix(numpy.eye(4)).save_binary('b.buffer')", writes=("b.buffer",)),
    of("xgboost", "dump_model", BOOST + "model.dump_model('b.txt')", writes=("b.txt",)),
    of("lightgbm", "Dataset of a file", "import lightgbm\nlightgbm.Dataset('a.csv', params={'verbose': -1}).construct()", setup=ROWS.format("a.csv"), reads=("a.csv",)),
    of("lightgbm", "Dataset of a file outside", "import lightgbm\nlightgbm.Dataset('../outside/a.csv', params={'verbose': -1}).construct()",
       setup=ROWS.format("../outside/a.csv"), reads=("../outside/a.csv",)),
    of("lightgbm", "Booster of a file", "import lightgbm\nlightgbm.Booster(model_file='a.txt')", setup=LIGHT + "model.save_model('a.txt')", reads=("a.txt",)),
    of("lightgbm", "save_model", LIGHT + "model.save_model('b.txt')", writes=("b.txt",)),
    of("lightgbm", "Dataset.save_binary", "import numpy, lightgbm\nlightgbm.Dataset(numpy.random.rand(60, 3), params={'verbose': -1}).save_binary('b.bin')", writes=("b.bin",)),
    of("lightgbm", "predict of a file", "import lightgbm\nlightgbm.Booster(model_file='a.txt').predict('a.csv')",
       setup=LIGHT + "model.save_model('a.txt')\n" + ROWS.format("a.csv"), reads=("a.txt", "a.csv")),
    of("transformers", "a tokenizer of a folder", "import transformers\ntransformers.PreTrainedTokenizerFast(tokenizer_file='a.json')",
       setup="import tokenizers\ntokenizers.Tokenizer(tokenizers.models.WordLevel({'[UNK]': 0}, unk_token='[UNK]')).save('a.json')", reads=("a.json",)),
    of("tokenizers", "save", "import tokenizers\ntokenizers.Tokenizer(tokenizers.models.WordLevel({'[UNK]': 0}, unk_token='[UNK]')).save('b.json')", writes=("b.json",)),
    of("OpenCV", "imread", "import cv2\ncv2.imread('a.png').sum()", setup=PICTURE.format("a.png"), reads=("a.png",)),
    of("OpenCV", "imread, outside", "import cv2\ncv2.imread('../outside/a.png').sum()", setup=PICTURE.format("../outside/a.png"), reads=("../outside/a.png",)),
    of("OpenCV", "imwrite", CV + "cv2.imwrite('b.png', picture)", writes=("b.png",)),
    of("OpenCV", "VideoWriter", VIDEO.format("b.avi"), writes=("b.avi",)),
    of("OpenCV", "VideoCapture", "import cv2\nassert cv2.VideoCapture('a.avi').read()[0]", setup=VIDEO.format("a.avi"), reads=("a.avi",)),
    of("OpenCV", "FileStorage", CV + "store = cv2.FileStorage('b.yml', cv2.FILE_STORAGE_WRITE); store.write('x', 1); store.release()", writes=("b.yml",)),
    of("PIL", "open", "import PIL.Image\nPIL.Image.open('a.png').load()", setup=PICTURE.format("a.png"), reads=("a.png",)),
    of("PIL", "open, outside", "import PIL.Image\nPIL.Image.open('../outside/a.png').load()", setup=PICTURE.format("../outside/a.png"), reads=("../outside/a.png",)),
    of("PIL", "save", PICTURE.format("b.png"), writes=("b.png",)),
    of("matplotlib", "savefig", "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('b.png')", writes=("b.png",)),
    of("matplotlib", "savefig, pdf", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.savefig('b.pdf')", writes=("b.pdf",)),
    of("matplotlib", "imread", "import matplotlib.pyplot as plt\nplt.imread('a.png')", setup=PICTURE.format("a.png"), reads=("a.png",)),
    of("statsmodels", "results, saved", "import numpy, statsmodels.api as sm\nsm.OLS(numpy.arange(9.0), numpy.ones(9)).fit().save('b.pickle')", writes=("b.pickle",)),
    of("tensorboard", "a writer's folder", "import torch.utils.tensorboard as t\nw = t.SummaryWriter('logs')\nw.add_scalar('a', 1, 1)\nw.close()\n"
       "import glob, os\nos.rename(glob.glob('logs/*')[0], 'logs/events')", writes=("logs/events",)),
)  # fmt: skip
