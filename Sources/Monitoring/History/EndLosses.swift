/// The first and the last losses of a run.
struct EndLosses: Sendable {
    private var first: [Double] = []
    private var last: [Double] = []
    private var count = 0

    /// Steps over which losses are averaged; a quarter of a short run.
    static let window = 20

    init() {}

    /// - Parameters:
    ///   - first: at most `window` of them, as `last`.
    ///   - count: all of them.
    init(first: [Double], last: [Double], count: Int) {
        (self.first, self.last, self.count) = (first, last, count)
    }

    mutating func append(_ loss: Double) {
        count += 1
        if first.count < Self.window { first.append(loss) }
        last = last.suffix(Self.window - 1) + [loss]
    }

    var averages: (Double?, Double?) {
        guard count > 0 else { return (nil, nil) }
        let size = max(1, min(Self.window, count / 4))
        let (early, late) = (first.prefix(size), last.suffix(size))
        return (early.reduce(0, +) / Double(size), late.reduce(0, +) / Double(size))
    }
}
