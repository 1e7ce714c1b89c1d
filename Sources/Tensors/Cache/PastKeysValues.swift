/// Keys and values of one layer for B sequences that grow, from some position on, filled up to the
/// position `length`.
package struct PastKeysValues: Sendable {
    package let layout: KeyValueLayout
    /// [B K, S, bytes of a row].
    package let keys: Tensor<UInt8>
    package let values: Tensor<UInt8>
    /// The position of the first row.
    package let first: Int
    package let length: Int

    /// - Precondition: both have rows of the layout, and S is at least `length` - `first`.
    package init(
        _ layout: KeyValueLayout, keys: Tensor<UInt8>, values: Tensor<UInt8>, first: Int = 0,
        length: Int
    ) {
        precondition(
            keys.shape.count == 3 && keys.shape == values.shape
                && keys.shape[0] % layout.headCount == 0 && keys.shape[2] == layout.rowSize
                && (0...keys.shape[1]).contains(length - first),
            "expected equal [B \(layout.headCount), S, \(layout.rowSize)] with S of at least "
                + "\(length - first), got \(keys.shape) and \(values.shape)")
        (self.layout, self.keys, self.values) = (layout, keys, values)
        (self.first, self.length) = (first, length)
    }

    var sequenceCount: Int { keys.shape[0] / layout.headCount }

    /// Positions that there is room for behind those that are filled.
    var room: Int { keys.shape[1] - (length - first) }

    /// Those of one of the sequences.
    func sequence(_ index: Int) -> PastKeysValues {
        let heads = index * layout.headCount..<(index + 1) * layout.headCount
        return PastKeysValues(
            layout, keys: keys.slice(heads), values: values.slice(heads), first: first,
            length: length)
    }

    /// Writes the keys and values of a new position, behind those that are filled, of one sequence.
    func write(
        _ row: Int, keys newKeys: UnsafePointer<Float>, values newValues: UnsafePointer<Float>
    ) {
        layout.write(newKeys, to: keys, at: length - first + row)
        layout.write(newValues, to: values, at: length - first + row)
    }

    /// The keys of one head at some positions.
    func keys(_ positions: Range<Int>, ofHead head: Int) -> CachedRows {
        layout.rows(rows(positions), of: head, in: keys)
    }

    /// The values of one head at some positions.
    func values(_ positions: Range<Int>, ofHead head: Int) -> CachedRows {
        layout.rows(rows(positions), of: head, in: values)
    }

    private func rows(_ positions: Range<Int>) -> Range<Int> {
        positions.lowerBound - first..<positions.upperBound - first
    }
}
