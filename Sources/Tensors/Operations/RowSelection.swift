extension Tape {
    /// Some rows of x [..., C], in floats: -> [rows, C].
    ///
    /// - Precondition: no row occurs twice.
    package func rows<Element: ComputeElement>(_ x: Value<Element>, _ rows: [Int]) -> Variable {
        let columns = x.value.columnCount
        let flat = x.value.reshaped([x.value.rowCount, columns])
        let chosen = device.uninitialized([rows.count, columns], of: Element.self)
        for (index, row) in rows.enumerated() {
            device.copy(flat.slice(row..<row + 1), to: chosen.slice(index..<index + 1))
        }
        return record(Element.widened(chosen, on: device), inputs: [x.node]) {
            [device, node = x.node, shape = x.shape] dy in
            let dx = device.uninitialized(shape, of: Element.self)
            device.fill(dx, with: 0)
            let (from, to) = (
                Element.narrowed(dy, on: device),
                dx.reshaped([shape.dropLast().reduce(1, *), columns])
            )
            for (index, row) in rows.enumerated() {
                device.copy(from.slice(index..<index + 1), to: to.slice(row..<row + 1))
            }
            node?.contribute(dx)
        }
    }
}
