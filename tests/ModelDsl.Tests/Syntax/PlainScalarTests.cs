using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Syntax;

public class PlainScalarTests
{
    [Theory]
    // What YAML 1.1 made of these: booleans, octal, sexagesimal, grouped digits, dates.
    [InlineData("no", ScalarKind.Text, null)]
    [InlineData("on", ScalarKind.Text, null)]
    [InlineData("Yes", ScalarKind.Text, null)]
    [InlineData("y", ScalarKind.Text, null)]
    [InlineData("12:30:45", ScalarKind.Text, null)]
    [InlineData("1_000", ScalarKind.Text, null)]
    [InlineData("2001-12-14", ScalarKind.Text, null)]
    [InlineData("0b11", ScalarKind.Text, null)]
    [InlineData("010", ScalarKind.Integer, "10")]
    // The core schema.
    [InlineData("", ScalarKind.Empty, null)]
    [InlineData("~", ScalarKind.Null, null)]
    [InlineData("null", ScalarKind.Null, null)]
    [InlineData("nUll", ScalarKind.Text, null)]
    [InlineData("True", ScalarKind.Boolean, null)]
    [InlineData("tRue", ScalarKind.Text, null)]
    [InlineData("0", ScalarKind.Integer, "0")]
    [InlineData("-0", ScalarKind.Integer, "0")]
    [InlineData("+12", ScalarKind.Integer, "12")]
    [InlineData("0x1F", ScalarKind.Integer, "31")]
    [InlineData("0o17", ScalarKind.Integer, "15")]
    [InlineData("0o18", ScalarKind.Text, null)]
    [InlineData("0xffffffffffffffffff", ScalarKind.Integer, null)]
    [InlineData("1.0e-5", ScalarKind.Float, "0.00001")]
    [InlineData("1.0e6", ScalarKind.Float, "1000000")]
    [InlineData("1E+2", ScalarKind.Float, "100")]
    [InlineData("12.50", ScalarKind.Float, "12.5")]
    [InlineData("-.5", ScalarKind.Float, "-0.5")]
    [InlineData("5.", ScalarKind.Float, "5")]
    [InlineData(".", ScalarKind.Text, null)]
    [InlineData("-", ScalarKind.Text, null)]
    [InlineData("1e", ScalarKind.Text, null)]
    [InlineData("e5", ScalarKind.Text, null)]
    [InlineData("1.2.3", ScalarKind.Text, null)]
    [InlineData("8..11", ScalarKind.Text, null)]
    [InlineData("10%", ScalarKind.Text, null)]
    [InlineData("4 GiB", ScalarKind.Text, null)]
    [InlineData("١٢", ScalarKind.Text, null)]
    // Numbers that no decimal holds exactly are numbers still, without a value.
    [InlineData(".inf", ScalarKind.Float, null)]
    [InlineData(".nan", ScalarKind.Float, null)]
    [InlineData("1e999999999999", ScalarKind.Float, null)]
    [InlineData("1e-29", ScalarKind.Float, null)]
    [InlineData("1e27", ScalarKind.Float, "1000000000000000000000000000")]
    [InlineData("1e28", ScalarKind.Float, null)]
    [InlineData("0e999999999999", ScalarKind.Float, "0")]
    [InlineData("1234567890123456789012345678", ScalarKind.Integer, "1234567890123456789012345678")]
    [InlineData("12345678901234567890123456789", ScalarKind.Integer, null)]
    public void Plain_scalars_have_the_type_of_the_core_schema(string text, ScalarKind kind, string? number) =>
        Assert.Equal((kind, number), PlainScalar.Type(text));
}
