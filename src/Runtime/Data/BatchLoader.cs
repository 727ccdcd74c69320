using System.Collections;
using System.Threading.Channels;

namespace MmMamba.Runtime.Data;

/// <summary>
/// Batches of a source, encoded ahead by worker threads. Each enumeration starts anew at the first batch. A batch lives until the next
/// one is asked for: the enumeration frees it then. What a worker throws comes out where its batch would have.
/// </summary>
public sealed class BatchLoader : IBatchSequence
{
    // So many in a row that none can be read say that the set is not there any more.
    const int MostTries = 256;

    // Bytes of a batch that waits on a GPU: of larger ones several would take a model's place; they go there when they are computed with.
    const long MostMoved = 64 << 20;

    readonly IConversationSource _source;
    readonly ConversationEncoder _encoder;
    readonly BatchOptions _options;
    readonly long _end;

    /// <param name="source">Where the conversations come from.</param>
    /// <param name="encoder">Makes tokens and tiles of them.</param>
    /// <param name="options">Size, order and workers; null takes the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size or a number of workers that can't be.</exception>
    public BatchLoader(IConversationSource source, ConversationEncoder encoder, BatchOptions? options = null)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Size, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Workers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Prefetch, 1);
        if (options.Shuffle != null)
            ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Count, Array.MaxLength, "a shuffled source's count");
        (_source, _encoder, _options) = (source, encoder, options);
        var (whole, rest) = Math.DivRem(source.Count, options.Size);
        BatchesPerPass = rest > 0 && !options.DropLast ? whole + 1 : whole;
        _end = options.Endless ? long.MaxValue / options.Size : BatchesPerPass;
    }

    /// <summary>Batches of one pass.</summary>
    public long BatchesPerPass { get; }

    /// <summary>The batches in order, until they end or are cancelled.</summary>
    /// <exception cref="OperationCanceledException">While enumerating: cancelled.</exception>
    public IBatchSequence Read(CancellationToken cancellation) => new Sequence(this, 0, cancellation);

    /// <inheritdoc/>
    public IBatchSequence From(long number) => new Sequence(this, number, CancellationToken.None);

    /// <inheritdoc/>
    public IEnumerator<Batch> GetEnumerator() => new Reading(this, 0, CancellationToken.None);

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    Batch Prepare(long number, ConversationOrder order, CancellationToken cancellation)
    {
        var start = number * _options.Size;
        var size = _options.Endless ? _options.Size : (int)Math.Min(_options.Size, _source.Count - start);
        var items = new EncodedConversation[size];
        var unreadable = new List<string>();
        for (var i = 0; i < size; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            items[i] = _options.PassUnreadable ? Readable(start + i, order, unreadable) : Encode(start + i, order);
        }
        var batch = Batch.Of(items, _encoder.Vision.Image) with { Unreadable = unreadable };
        // Here and not where batches are asked for: pixels are many, and who computes with them does not wait for their way to a GPU.
        return _options.Device is { } device && batch.Bytes <= MostMoved ? batch.MoveTo(device) : batch;
    }

    EncodedConversation Encode(long position, ConversationOrder order) => _encoder.Encode(_source.Get(order.At(position)));

    // What stands at a position depends on the position alone, so that a run that goes on there sees the same.
    EncodedConversation Readable(long position, ConversationOrder order, List<string> unreadable)
    {
        for (var tried = 1L; ; tried++)
        {
            try
            {
                return Encode(position + tried - 1, order);
            }
            catch (InputException e) when (tried < Math.Min(MostTries, _source.Count))
            {
                unreadable.Add(e.Message);
            }
        }
    }

    sealed class Sequence(BatchLoader loader, long first, CancellationToken cancellation) : IBatchSequence
    {
        public IBatchSequence From(long number) => new Sequence(loader, checked(first + number), cancellation);
        public IEnumerator<Batch> GetEnumerator() => new Reading(loader, first, cancellation);
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    /// <summary>
    /// One enumeration. Workers take numbers in turn and put a promise for each into a bounded channel before they keep it, so that batches
    /// come out in order, whoever finishes first.
    /// </summary>
    sealed class Reading : IEnumerator<Batch>
    {
        readonly BatchLoader _loader;
        readonly CancellationToken _consumer;
        readonly CancellationTokenSource _stop;
        readonly CancellationToken _stopped;
        readonly Channel<Task<Batch>> _promised;
        readonly ConversationOrder _order;
        readonly Thread[] _workers;
        readonly Lock _turn = new();
        long _next;
        Batch? _current;
        bool _disposed;

        public Reading(BatchLoader loader, long first, CancellationToken cancellation)
        {
            (_loader, _consumer) = (loader, cancellation);
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            _stopped = _stop.Token;
            _order = new(loader._source.Count, loader._options.Shuffle);
            _next = first;
            _promised = Channel.CreateBounded<Task<Batch>>(loader._options.Prefetch);
            _workers = new Thread[loader._options.Workers];
            for (var i = 0; i < _workers.Length; i++)
            {
                _workers[i] = new(Work) { IsBackground = true, Name = $"batches {i}" };
                _workers[i].Start();
            }
        }

        public Batch Current => _current
            ?? throw new InvalidOperationException("There is no batch: none was asked for, or they have ended.");

        object IEnumerator.Current => Current;

        public bool MoveNext()
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _current?.Dispose();
            _current = null;
            _consumer.ThrowIfCancellationRequested();
            if (!_promised.Reader.WaitToReadAsync(_consumer).AsTask().GetAwaiter().GetResult()) return false;
            if (!_promised.Reader.TryRead(out var promise)) return false;
            _current = promise.GetAwaiter().GetResult();
            return true;
        }

        void Work()
        {
            while (Promise() is var (number, promise))
            {
                try
                {
                    promise.SetResult(_loader.Prepare(number, _order, _stopped));
                }
                catch (OperationCanceledException e) when (_stopped.IsCancellationRequested)
                {
                    promise.SetCanceled(e.CancellationToken);
                    return;
                }
                catch (Exception e)
                {
                    promise.SetException(e);
                }
            }
        }

        // Null when there is nothing left to do, or the enumeration was stopped.
        (long Number, TaskCompletionSource<Batch> Promise)? Promise()
        {
            lock (_turn)
            {
                if (_next >= _loader._end)
                {
                    _promised.Writer.TryComplete();
                    return null;
                }
                var promise = new TaskCompletionSource<Batch>(TaskCreationOptions.RunContinuationsAsynchronously);
                try
                {
                    _promised.Writer.WriteAsync(promise.Task, _stopped).AsTask().GetAwaiter().GetResult();
                }
                catch (OperationCanceledException)
                {
                    return null;
                }
                return (_next++, promise);
            }
        }

        public void Reset() => throw new NotSupportedException("Ask the loader for another enumeration.");

        public void Dispose()
        {
            if (_disposed) return;
            _disposed = true;
            _stop.Cancel();
            foreach (var worker in _workers) worker.Join();
            _current?.Dispose();
            while (_promised.Reader.TryRead(out var promise))
                if (promise.IsCompletedSuccessfully) promise.Result.Dispose();
                else _ = promise.Exception;
            _stop.Dispose();
        }
    }
}
