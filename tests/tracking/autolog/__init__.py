import pytest

pytest.register_assert_rewrite(f"{__name__}.trial", *(f"{__name__}.on_{library}" for library in (
    "keras", "lightgbm", "lightning", "mlflow", "sklearn", "statsmodels", "tensorboard", "trackio", "transformers", "wandb",
    "xgboost",
)))
