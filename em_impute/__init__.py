"""Fill the missing cells of a categorical CSV column with what a Gaussian mixture says they most likely are."""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    """Look the version up only when somebody asks: importlib.metadata is slow to import."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("em-impute")
        except PackageNotFoundError:  # run from a folder that was never installed
            return "unknown"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
