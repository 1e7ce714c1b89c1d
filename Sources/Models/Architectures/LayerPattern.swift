/// Which layers of a decoder have a feature: flags that repeat from layer to layer.
package struct LayerPattern: Equatable, Sendable {
    /// One period, as short as it can be; empty where no layer has the feature.
    private let flags: [Bool]

    /// No layer has the feature.
    package static let none = LayerPattern([])

    /// - Parameter flags: Those of all layers, or of one period.
    package init(_ flags: [Bool]) {
        guard flags.contains(true) else {
            self.flags = []
            return
        }
        let period = (1...flags.count).first { period in
            flags.indices.allSatisfy { flags[$0] == flags[$0 % period] }
        }
        self.flags = Array(flags.prefix(period ?? flags.count))
    }

    package func holds(_ layer: Int) -> Bool {
        flags.isEmpty ? false : flags[layer % flags.count]
    }

    package var isEmpty: Bool { flags.isEmpty }
}
