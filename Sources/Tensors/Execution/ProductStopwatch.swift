/// Measures the candidates on one thread: a tenth of a second, or two.
struct ProductStopwatch {
    /// A tile as large as training has them: 512 tokens through a layer of GPT-2 124M.
    private static let (rows, depth, columns) = (512, 768, 768)
    static let operations = 2 * Double(rows * depth * columns)
    /// The ratio of times from which on a candidate has lost in a first look: it is not measured
    /// again.
    private static let hopeless = 2.0

    private let device: Device
    private let floats: Operands<Float>
    private let halves: Operands<BFloat16>

    private struct Operands<Element: ComputeElement> {
        let a: Tensor<Element>
        let b: Tensor<Element>
        let out: Tensor<Element>

        init(_ device: Device) {
            a = device.uninitialized([rows, depth], of: Element.self)
            b = device.uninitialized([depth, columns], of: Element.self)
            out = device.uninitialized([rows, columns], of: Element.self)
            Element.fill(a.pointer, 0.5, a.count)
            Element.fill(b.pointer, 0.25, b.count)
        }
    }

    init() {
        device = Device(threadCount: 1)
        floats = Operands(device)
        halves = Operands(device)
    }

    func measure() -> ProductTimes {
        var looks: [ProductCandidate: Double] = [:]
        for library in ProductKernels.Library.allCases {
            looks[.floats(library)] = look(.floats(library))
        }
        let best = looks.values.min() ?? 0
        if ComputeKernels.hasBFloat16 {
            looks[.bfloat16] = look(.bfloat16)
            for library in ProductKernels.Library.allCases
            where looks[.floats(library)].map({ $0 < Self.hopeless * best }) ?? false {
                looks[.widened(library)] = look(.widened(library))
            }
        }
        return ProductTimes(rounds(looks))
    }

    /// Measures in rounds: all candidates that have hope take turns; of the others the look counts.
    private func rounds(_ looks: [ProductCandidate: Double]) -> [ProductCandidate: [Double]] {
        let best = looks.values.min() ?? 0
        var seconds: [ProductCandidate: [Double]] = [:]
        for _ in 0..<ProductTimes.roundCount {
            for candidate in ProductCandidate.all {
                guard let look = looks[candidate] else { continue }
                let isHopeless = look > Self.hopeless * best
                seconds[candidate, default: []].append(isHopeless ? look : time(candidate))
            }
        }
        return seconds
    }

    /// Once to load what the library compiles, and once for the time.
    private func look(_ candidate: ProductCandidate) -> Double {
        _ = time(candidate)
        return time(candidate)
    }

    private func time(_ candidate: ProductCandidate) -> Double {
        ContinuousClock().measure {
            switch candidate {
            case .floats(let library):
                multiply(floats, by: ProductKernels(floats: library))
            case .bfloat16:
                multiply(halves, by: ProductKernels(floats: .oneDNN))
            case .widened(let library):
                multiply(halves, by: ProductKernels(floats: library, widensBFloat16: true))
            }
        } / .seconds(1)
    }

    private func multiply<Element: ComputeElement>(
        _ operands: Operands<Element>, by products: ProductKernels
    ) {
        device.with(products).multiply(
            operands.a.matrix, operands.b.matrix, into: operands.out.matrix)
    }
}

extension ProductTimes {
    /// Measures the times of this processor, as busy as it is.
    package static func measure() -> ProductTimes { ProductStopwatch().measure() }
}
