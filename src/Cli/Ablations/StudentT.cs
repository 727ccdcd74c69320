namespace MmMamba.Cli.Ablations;

/// <summary>Student's t distribution.</summary>
static class StudentT
{
    /// <summary>The value that a share of the distribution lies below.</summary>
    /// <param name="share">0.5 to 1, exclusive.</param>
    /// <param name="freedom">Degrees of freedom, above 0; need not be whole.</param>
    public static double Quantile(double share, double freedom)
    {
        // The tail above t is half the regularised incomplete beta function of freedom / (freedom + t^2).
        var (low, high) = (0.0, 1.0);
        while (Tail(high, freedom) > 1 - share) high *= 2;
        for (var i = 0; i < 200 && high - low > 1e-12 * high; i++)
        {
            var middle = (low + high) / 2;
            if (Tail(middle, freedom) > 1 - share) low = middle;
            else high = middle;
        }
        return (low + high) / 2;
    }

    static double Tail(double t, double freedom) => Beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2;

    // The regularised incomplete beta function by Lentz's continued fraction (Numerical Recipes, 6.4).
    static double Beta(double a, double b, double x)
    {
        if (x <= 0) return 0;
        if (x >= 1) return 1;
        var front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * Math.Log(x) + b * Math.Log(1 - x));
        return x < (a + 1) / (a + b + 2) ? front * Fraction(a, b, x) / a : 1 - front * Fraction(b, a, 1 - x) / b;
    }

    static double Fraction(double a, double b, double x)
    {
        const double tiny = 1e-300;
        var (c, d) = (1.0, 1 / Away(1 - (a + b) * x / (a + 1)));
        var value = d;
        for (var m = 1; m <= 10_000; m++)
        {
            var before = value;
            Turn(m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)));
            Turn(-(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)));
            if (Math.Abs(value - before) <= 1e-15 * Math.Abs(value)) break;
        }
        return value;

        void Turn(double factor)
        {
            d = 1 / Away(1 + factor * d);
            c = Away(1 + factor / c);
            value *= c * d;
        }

        static double Away(double number) => Math.Abs(number) < tiny ? tiny : number;
    }

    // Lanczos' approximation with g = 7.
    static double LogGamma(double x)
    {
        double[] terms =
        [
            0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
            9.9843695780195716e-6, 1.5056327351493116e-7,
        ];
        if (x < 0.5) return Math.Log(Math.PI / Math.Sin(Math.PI * x)) - LogGamma(1 - x);
        var (base7, sum) = (x + 6.5, terms[0]);
        for (var i = 1; i < terms.Length; i++) sum += terms[i] / (x - 1 + i);
        return 0.5 * Math.Log(2 * Math.PI) + (x - 0.5) * Math.Log(base7) - base7 + Math.Log(sum);
    }
}
