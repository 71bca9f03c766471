"""Test accuracy by strategy, in full and by category at base."""

from gradual_learning import figures, records, runtime, style


def main(table: str, png: str, svg: str, dpi: int, confidence: float) -> None:
    """Draw the table into two files."""
    style.save(figures.accuracy(records.read_tsv(table), confidence), png, svg, dpi)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            table=snakemake.input.table,
            png=snakemake.output.png,
            svg=snakemake.output.svg,
            dpi=snakemake.params.dpi,
            confidence=snakemake.params.confidence,
        )
