using MmMamba.Runtime.Data;

namespace MmMamba.Runtime.Tests.Data;

/// <summary>The conversations that a test lists.</summary>
sealed class Listed(params Conversation[] conversations) : IConversationSource
{
    public long Count => conversations.Length;
    public Conversation Get(long index) => conversations[index];
}
