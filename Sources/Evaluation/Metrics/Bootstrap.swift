import Foundation

/// The spread of a figure over samples of the documents, drawn with replacement as the harness draws them.
enum Bootstrap {
    private static let seedCount = 100
    private static let samplesPerSeed = 1000

    /// - Parameters:
    ///   - count: the documents.
    ///   - figure: computes the figure of one sample; its argument draws a document.
    static func deviation(
        count: Int, _ figure: (_ draw: () -> Int) -> Double
    ) -> Double {
        var figures: [Double] = []
        for seed in 0..<seedCount {
            var random = PythonRandom(seed: UInt32(seed))
            for _ in 0..<samplesPerSeed {
                figures.append(figure { Int(random.uniform() * Double(count)) })
            }
        }
        return deviation(of: figures)
    }

    /// The standard deviation of a sample.
    static func deviation(of values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1)).squareRoot()
    }
}

func exponential(_ value: Double) -> Double { exp(value) }
