/// Which positions are kept of layers that see a window of the past.
///
/// They stand in a row. When there is no room for new ones, the last are moved to the front: the window and
/// a margin, by which a text may be shortened without being computed again.
package struct WindowStore {
    let window: Int
    /// Positions that there is room for.
    package let room: Int
    /// The first position that is kept.
    package internal(set) var first = 0

    /// The largest margin; half a window where that is less.
    private static let mostMargin = 256
    private let margin: Int

    package init(window: Int, contextLength: Int) {
        self.window = window
        margin = min(Self.mostMargin, (window + 1) / 2)
        room = min(contextLength, window - 1 + 2 * margin)
    }

    /// Where the positions are to begin that new ones see, and whether there is no room for them but
    /// aside.
    package func next(length: Int, adding count: Int) -> (first: Int, isAside: Bool) {
        if length - first + count <= room { return (first, false) }
        let kept = min(length - first, window - 1 + margin)
        if kept + count <= room { return (length - kept, false) }
        return (max(first, length - (window - 1)), true)
    }

    /// With new positions.
    package func advanced(length: Int, by count: Int) -> WindowStore {
        let next = next(length: length, adding: count)
        var advanced = self
        advanced.first =
            next.isAside
            ? max(next.first, length + count - (window - 1 + margin)) : next.first
        return advanced
    }

    /// Whether what the position behind `length` sees is there.
    package func holds(upTo length: Int) -> Bool { first <= max(0, length - (window - 1)) }
}
