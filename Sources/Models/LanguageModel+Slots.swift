import Tensors

/// New tokens of one sequence, and the cache of those before them.
package struct SlotRows {
    package let cache: KeyValueCache
    package let ids: [Int32]

    /// - Precondition: the cache is of one sequence and has room for the tokens.
    package init(_ cache: KeyValueCache, ids: [Int32]) {
        precondition(
            cache.batchSize == 1 && cache.length + ids.count <= cache.contextLength,
            "expected one sequence with room for \(ids.count) tokens behind \(cache.length), got "
                + "\(cache.batchSize) of \(cache.contextLength)")
        (self.cache, self.ids) = (cache, ids)
    }
}

extension [SlotRows] {
    /// The rows of each sequence among those of all.
    var rowRanges: [Range<Int>] {
        var start = 0
        return map { slot in
            defer { start += slot.ids.count }
            return start..<start + slot.ids.count
        }
    }

    /// The rows of a table of positions, those of all sequences one after the other.
    func rows(of table: Tensor<Float>, _ device: Device) -> Tensor<Float> {
        let rows = device.uninitialized([reduce(0) { $0 + $1.ids.count }, table.columnCount])
        for (slot, range) in zip(self, rowRanges) {
            let first = slot.cache.length
            device.copy(table.slice(first..<first + range.count), to: rows.slice(range))
        }
        return rows
    }

    fileprivate func angles(_ angles: LayerAngles, _ device: Device) -> RotaryTable {
        let rows = flatMap { slot in
            let table = slot.table(of: angles)
            return slot.ids.indices.map { (table: table, position: slot.cache.length + $0) }
        }
        return RotaryTable(rows, device: device)
    }
}

extension SlotRows {
    fileprivate func table(of angles: LayerAngles) -> RotaryTable {
        angles.table(length: cache.sequenceLength(adding: ids.count))
    }
}

/// The angles of the rows of a pass, gathered once for all layers that turn alike.
final class SlotAngles {
    private var gathered: [UnsafeMutablePointer<Float>: RotaryTable] = [:]

    /// - Returns: A table, and the place of the first row in it.
    func rows(
        of slots: [SlotRows], _ angles: LayerAngles, _ device: Device
    ) -> (table: RotaryTable, start: Int) {
        if slots.count == 1 { return (slots[0].table(of: angles), slots[0].cache.length) }
        if let rows = gathered[angles.identity] { return (rows, 0) }
        let rows = slots.angles(angles, device)
        gathered[angles.identity] = rows
        return (rows, 0)
    }
}

/// Decoding of several sequences at once. The bits of a row do not depend on the rows beside it, nor
/// on how a sequence was cut: they are those of a pass over the whole sequence on `Device.byRow`.
extension LanguageModel {
    /// Takes up the new tokens of all sequences into their caches.
    ///
    /// - Returns: the residual stream after the last norm, [rows, C]: the rows of all sequences one after
    ///   the other.
    package func advance(_ slots: [SlotRows]) -> Tensor<Float> {
        switch precision {
        case .fp32: advance(slots, element: Float.self)
        case .bf16: advance(slots, element: BFloat16.self)
        }
    }

    private func advance<Element: ComputeElement>(
        _ slots: [SlotRows], element: Element.Type
    ) -> Tensor<Float> {
        let device = device.byRow
        let ids = slots.flatMap(\.ids)
        let hidden: Value<Element> = hiddenStates(
            Tape(device: device), inputs: device.tensor(ids, shape: [1, ids.count]), dropout: nil,
            cache: nil, slots: slots)
        for slot in slots { slot.cache.advance(by: slot.ids.count) }
        return Element.widened(hidden.value, on: device)
            .reshaped([ids.count, configuration.embeddingSize])
    }

    /// The logits [rows, V] behind some rows of what `advance` returned.
    ///
    /// - Parameter wanted: the logits that matter, of a single row: others may be -infinity, which saves
    ///   reading their weights where they are packed. Nil: all.
    package func logits(
        of rows: [Int], in hidden: Tensor<Float>, wanted: LargestWanted? = nil
    ) -> Tensor<Float> {
        let device = device.byRow
        let chosen = device.uninitialized([rows.count, hidden.columnCount])
        for (index, row) in rows.enumerated() {
            device.copy(hidden.slice(row..<row + 1), to: chosen.slice(index..<index + 1))
        }
        if let wanted, rows.count == 1, let weights = parameters.packed(outputWeight),
            weights.hasEstimates
        {
            return capped(device.largestProducts(chosen, weights, wanted: wanted))
        }
        let tape = Tape(device: device)
        let input = tape.constant(chosen)
        return switch precision {
        case .fp32: outputLayer(tape, input, as: Float.self).value
        case .bf16: outputLayer(tape, input, as: BFloat16.self).value
        }
    }
}
