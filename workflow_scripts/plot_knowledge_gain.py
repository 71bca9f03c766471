"""HighlyKnown questions at base, after one stage and after all stages."""

from gradual_learning import figures, records, runtime, style


def main(table: str, png: str, svg: str, dpi: int, confidence: float) -> None:
    """Draw the table into two files."""
    style.save(figures.knowledge_gain(records.read_tsv(table), confidence), png, svg, dpi)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            table=snakemake.input.table,
            png=snakemake.output.png,
            svg=snakemake.output.svg,
            dpi=snakemake.params.dpi,
            confidence=snakemake.params.confidence,
        )
