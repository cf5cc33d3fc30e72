"""Quantiles against published tables and, where present, scipy."""

import pytest

from dualtrack.errors import FieldError
from dualtrack.evidence.quantiles import student_cdf, student_quantile, z_two_sided


@pytest.mark.parametrize(
    ("degrees", "t"), [(1, 12.7062), (2, 4.3027), (5, 2.5706), (30, 2.0423), (1000, 1.9623), (2e6, 1.95996)]
)
def test_published_two_sided_values(degrees, t):
    assert student_quantile(0.975, degrees) == pytest.approx(t, abs=6e-5)
    assert student_quantile(0.025, degrees) == pytest.approx(-t, abs=6e-5)


def test_against_scipy():
    stats = pytest.importorskip("scipy.stats")
    for degrees in (1, 3, 12.5, 99, 14_999):
        for probability in (0.001, 0.2, 0.5, 0.9, 0.9995):
            assert student_quantile(probability, degrees) == pytest.approx(
                stats.t.ppf(probability, degrees), rel=1e-8, abs=1e-9
            )
        assert student_cdf(1.3, degrees) == pytest.approx(stats.t.cdf(1.3, degrees), rel=1e-10)


def test_bounds():
    assert z_two_sided(0.95) == pytest.approx(1.959964, abs=1e-6)
    for call in (lambda: z_two_sided(1), lambda: student_quantile(0, 3), lambda: student_quantile(0.5, 0)):
        with pytest.raises(FieldError):
            call()
