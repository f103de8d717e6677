"""The report of an endpoint, from the stored tables alone."""

from assets.display import number, page, text
from assets.step import Product, code_version, library_versions
from radiogenomics.cohort.configuration import Cohort


def report(cohort: Cohort, endpoint: str):
    def compute(home, values, progress) -> Product:
        from radiogenomics.cohort import Inputs, account
        from radiogenomics.evaluation.verdict import verdict_sentence
        from radiogenomics.multimodal import availability
        from radiogenomics.reporting import render_report
        from radiogenomics.reporting.contours.counts import contour_counts

        evaluation, record = values["evaluation"], values["model"]
        labels = values["labels"]["labels"]
        html = render_report(
            cohort_title=cohort.title or cohort.name,
            endpoint=endpoint,
            simulated=cohort.simulated,
            final_model=record["name"],
            metrics=evaluation["metrics"],
            comparisons=evaluation["comparisons"],
            out_of_fold=evaluation["out_of_fold"],
            figures=evaluation["figures"],
            subgroups=evaluation["subgroups"],
            verdict=verdict_sentence(evaluation["metrics"], evaluation["comparisons"], record["name"]),
            explanations=values["explanations"],
            predictions=values["predictions"],
            labels=labels[labels["endpoint"] == endpoint],
            excluded=evaluation["excluded"],
            refused=evaluation["refused"],
            availability=availability(values["mdata"]),
            account=account(Inputs(**values["manifest"])),
            quarantine=values["quarantine"],
            contours=contour_counts(values["image_qc"]["qc"]) if "image_qc" in values else None,
            settings={
                "model_id": record["model_id"],
                "snapshot_id": record["snapshot_id"],
                **cohort.resampling.model_dump(mode="json"),
                "configuration": cohort.file.name,
            },
            versions={"code": code_version(), **library_versions()},
        )
        link, file = page(html, home.pages, [cohort.name, endpoint, "report"])
        return Product(html, {"1_report": link, "2_file": text(f"`{file}`"), "3_kilobytes": number(len(html) // 1024)})

    return compute
