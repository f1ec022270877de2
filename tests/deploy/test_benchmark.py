"""The benchmark measures what it reports, and counts the CPU time of processes that have exited."""
import os
import subprocess
import sys
import unittest

from manifests import ROOT

sys.path.insert(0, str(ROOT / "benches"))
from compare import plan, processes
from compare.aims import aims
from compare.results import Point, Results, Sample
from compare.tables import tables

BURN = "import time\nwhile time.process_time() < 0.3: pass"


def results_of_the_plan(rate):
    """Results with a sample for each point of the plan. `rate` gives its requests per second."""
    results = Results()
    for candidate in plan.CANDIDATES:
        for call, numbers in candidate.calls.items():
            for callers in numbers:
                point = Point(candidate.name, call, callers, candidate.distance)
                results.add(point, Sample(rate(point), 1, server_cpu=10, database_cpu=10))
        results.add_memory(candidate, 20)
    return results


class Benchmark(unittest.TestCase):
    def test_the_plan_measures_every_aim_and_every_candidate_has_rows(self):
        results = results_of_the_plan(lambda _: 1000)
        for aim in aims(results):
            self.assertIsNotNone(aim.measured, aim.about)
        text = "\n".join(table for _, table in tables(results))
        for name in plan.NAMES:
            self.assertIn(f"| {name} |", text)

    def test_an_aim_is_reached_at_its_bound_and_not_below(self):
        def table(factor):
            ours = lambda point: point.name == plan.TODO_API and point.callers == plan.USUAL and not point.distance
            rows = [it.row() for it in aims(results_of_the_plan(lambda point: 1000 * factor if ours(point) else 1000))]
            return {row[0]: row[3] for row in rows}

        about = "list 100 tasks, 32 callers, times axum"
        self.assertEqual(table(1.7)[about], "reached")
        self.assertEqual(table(1.69)[about], "**not reached**")
        self.assertEqual(aims(Results())[0].row()[3], "not measured")

    def test_cpu_time_includes_living_and_exited_descendants(self):
        # The shell waits for the first child and lives beside the second.
        command = f"'{sys.executable}' -c '{BURN}'; '{sys.executable}' -c '{BURN}\nprint(flush=True)\ntime.sleep(60)' & wait"
        shell = subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE, start_new_session=True)
        try:
            shell.stdout.readline()
            self.assertGreaterEqual(processes.cpu_seconds(shell.pid), 0.55)
        finally:
            os.killpg(shell.pid, 9)
            shell.wait()
            shell.stdout.close()
