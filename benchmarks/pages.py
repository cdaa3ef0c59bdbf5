"""What the pages cost: their weight, the time to draw a job of 10,000 trials, and first paint.

Run by `make bench-page`.
"""

import gzip
import tempfile
import time
from pathlib import Path

from api.web.job_page import MOST_DRAWN, job_page
from api.web.templating import COMPRESSED, render
from benchmarks import page_paint
from benchmarks.filled_job import fill
from harness.browser import CHROMIUM
from storage.backends.address import file_url
from storage.database import Database
from storage.job_pages import JobPages


def main() -> None:
    files = sum(len(content) for content in COMPRESSED.values())
    print(f"files beside the page, compressed: {files / 1000:.1f} kB")
    with tempfile.TemporaryDirectory() as folder:
        database = Database(file_url(Path(folder) / "hpsearch.db"))
        database.initialise()
        job_id = fill(database)
        for _ in range(3):
            began = time.perf_counter()
            sheet = JobPages(database).read(job_id, MOST_DRAWN)
            read = time.perf_counter()
            found = job_page(sheet, None, None)
            text = render("job.html", page=found, job=found.job, view=found.view)
            drawn = time.perf_counter()
            print(
                f"{sheet.total} trials, {len(sheet.trials)} drawn: read {read - began:.3f} s, "
                f"drawn {drawn - read:.3f} s, {len(gzip.compress(text.encode())) / 1000:.0f} kB "
                f"compressed of {len(text) / 1000:.0f}"
            )
        database.close()
    if CHROMIUM is None:
        print("first paint: not measured, no Chromium (apt-get install chromium)")
    else:
        page_paint.measure()


if __name__ == "__main__":
    main()
