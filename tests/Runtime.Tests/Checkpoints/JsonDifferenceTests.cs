using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Runtime.Tests.Checkpoints;

public class JsonDifferenceTests
{
    [Theory]
    [InlineData("""{"a":1,"b":[1,2]}""", """{"b":[1,2],"a":1}""", "")]
    [InlineData("""{"a":1,"n":null}""", """{"a":1.0}""", "")]
    [InlineData("""{"a":1}""", """{"a":2,"b":true}""", "a was 1 and is 2; b was nothing and is true")]
    [InlineData("""{"a":{"b":"x"}}""", """{"a":{"b":"y\n"}}""", "a.b was 'x' and is 'y\\u000a'")]
    [InlineData("""{"l":[{"c":2,"d":1},{"c":2,"d":1},{"c":3,"d":1}]}""", """{"l":[{"c":4,"d":1},{"c":4,"d":1},{"c":4,"d":1}]}""", "l[].c (0, 1) was 2 and is 4; l[].c (2) was 3 and is 4")]
    [InlineData("""{"l":[1,2]}""", """{"l":[1]}""", "l was a list of 2 and is a list of 1")]
    [InlineData("""{"l":[1]}""", """{"l":{"x":1}}""", "l was a list of 1 and is an object")]
    [InlineData("1", "2", "the whole was 1 and is 2")]
    public void Places_and_values_are_named(string was, string now, string expected) =>
        Assert.Equal(expected, string.Join("; ", JsonDifference.Of(was, now)));
}
