/// The words of the training text as ids that shrink in place as pairs are merged.
struct TrainingWords {
    private struct Word {
        var start: Int
        var length: Int
        var count: Int
    }

    private var ids: [Int32] = []
    private var words: [Word] = []

    var count: Int { words.count }

    mutating func append(_ word: [Int32], count: Int) {
        words.append(Word(start: ids.count, length: word.count, count: count))
        ids += word
    }

    /// Calls `body` for each pair of neighbours in a word with the word's count.
    func forEachPair(of index: Int, _ body: (UInt64, Int) -> Void) {
        let word = words[index]
        for position in word.start..<max(word.start, word.start + word.length - 1) {
            body(Merge.pair(ids[position], ids[position + 1]), word.count)
        }
    }

    /// Merges each `left` and `right` of a word, from its start, and reports how the counts of
    /// neighbours change.
    ///
    /// The merged pair itself is not reported: it has left the queue.
    mutating func merge(
        _ left: Int32, _ right: Int32, into result: Int32, in index: Int,
        _ change: (UInt64, Int) -> Void
    ) {
        let word = words[index]
        let end = word.start + word.length
        var source = word.start
        var target = word.start
        while source < end {
            guard ids[source] == left, source + 1 < end, ids[source + 1] == right else {
                ids[target] = ids[source]
                target += 1
                source += 1
                continue
            }
            if target > word.start {
                change(Merge.pair(ids[target - 1], left), -word.count)
                change(Merge.pair(ids[target - 1], result), word.count)
            }
            if source + 2 < end {
                change(Merge.pair(right, ids[source + 2]), -word.count)
                change(Merge.pair(result, ids[source + 2]), word.count)
            }
            ids[target] = result
            target += 1
            source += 2
        }
        words[index].length = target - word.start
    }
}
