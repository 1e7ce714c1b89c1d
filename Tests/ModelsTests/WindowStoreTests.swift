import Models
import Testing

/// The places of positions that layers with windows keep, against a list of all positions.
@Suite struct WindowStoreTests {
    @Test(arguments: [1, 2, 3, 5, 8, 600], [1, 4, 9, 1000])
    func whatTheNextTokenSeesIsAlwaysThere(window: Int, contextLength: Int) {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            var store = WindowStore(window: window, contextLength: contextLength)
            #expect(store.room <= contextLength && store.room <= max(1, 2 * window))
            var length = 0
            while length < contextLength {
                let most = contextLength - length
                let count = Int.random(in: 1...min(most, Bool.random() ? 2 : most), using: &random)
                let next = store.next(length: length, adding: count)
                #expect(next.first >= store.first)
                #expect(next.first <= max(0, length + 1 - window))
                #expect(next.isAside || length + count - next.first <= store.room)
                store = store.advanced(length: length, by: count)
                length += count
                #expect(store.holds(upTo: length))
                #expect(length - store.first <= store.room)
            }
        }
    }
}
