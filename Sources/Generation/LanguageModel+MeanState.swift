import Models

extension LanguageModel {
    /// The mean over the tokens of a text of what the model holds after its last norm, of length 1.
    package func meanState(of ids: [Int32]) -> [Float] {
        let cache = KeyValueCache(configuration, contextLength: ids.count, device: device)
        let hidden = advance([SlotRows(cache, ids: ids)])
        let width = hidden.columnCount
        var sums = [Double](repeating: 0, count: width)
        for row in 0..<ids.count {
            for column in 0..<width { sums[column] += Double(hidden.pointer[row * width + column]) }
        }
        let length = sums.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return sums.map { Float(length > 0 ? $0 / length : 0) }
    }
}
