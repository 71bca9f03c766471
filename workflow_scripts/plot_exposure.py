"""Category shares by how often a fact was stated in pretraining."""

from gradual_learning import category_figures, records, runtime, style


def main(table: str, png: str, svg: str, dpi: int) -> None:
    """Draw the table into two files."""
    style.save(category_figures.exposure(records.read_tsv(table)), png, svg, dpi)


if __name__ == "__main__":
    with runtime.job(snakemake.log[0]):
        main(
            table=snakemake.input.table,
            png=snakemake.output.png,
            svg=snakemake.output.svg,
            dpi=snakemake.params.dpi,
        )
