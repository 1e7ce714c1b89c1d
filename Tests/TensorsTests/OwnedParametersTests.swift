import Tensors
import Testing

/// Segments that own their parameters: what later ones keep stands in the memory of their gradients.
@Suite struct OwnedParametersTests {
    private static let (layerCount, rows, width) = (6, 20, 24)
    private let device = Device(threadCount: 2)
    private let list: ParameterList

    init() {
        let c = Self.width
        let shapes = (0..<Self.layerCount).flatMap { layer in
            [
                ("\(layer).gain", [c]), ("\(layer).up", [c, 4 * c]), ("\(layer).up.bias", [4 * c]),
                ("\(layer).down", [4 * c, c]), ("\(layer).down.bias", [c]),
            ]
        }
        list = ParameterList(ParameterLayout(shapes), device: device)
        for (index, parameter) in list.parameters.enumerated() {
            device.fillNormal(
                list.value(of: parameter), deviation: 0.3, stream: index, seed: 1)
        }
        list.keepBFloat16()
    }

    /// Forward and backward; returns the names in the order in which they were ready.
    private func step<Element: ComputeElement>(
        owning: Bool, _ gradients: ParameterGradients, as: Element.Type
    ) -> [String] {
        var announced: [String] = []
        let tape = Tape(device: device, gradients: gradients) { announced.append($0.name) }
        let start = device.uninitialized([Self.rows, Self.width])
        device.fillNormal(start, deviation: 1, stream: 99, seed: 1)
        var h = tape.constant(start)
        for layer in 0..<Self.layerCount {
            h = tape.segment(h, ownsParameters: owning) { [list] tape, x in
                func p(_ name: String) -> Variable {
                    tape.parameter(list["\(layer).\(name)"]!, of: list)  // Made above.
                }
                let normed: Value<Element> = tape.layerNorm(
                    x, gain: p("gain"), bias: p("down.bias"), epsilon: 1e-5, as: Element.self)
                let raised = tape.linearGELU(
                    normed, weight: p("up"), bias: p("up.bias"), form: .tanh)
                return tape.addLinear(raised, weight: p("down"), bias: p("down.bias"), to: x)
            }
        }
        tape.backward(from: tape.sum(h))
        return announced
    }

    private func expectSameBits<Element: ComputeElement>(as: Element.Type) {
        let (apart, shared) = (ParameterGradients(list), ParameterGradients(list))
        // The second micro-batch adds, and finds gradients in all of the memory.
        for _ in 1...2 {
            let reference = step(owning: false, apart, as: Element.self)
            #expect(step(owning: true, shared, as: Element.self) == reference)
            #expect(shared.values.array == apart.values.array)
        }
        apart.reset()
        shared.reset()
        _ = step(owning: false, apart, as: Element.self)
        _ = step(owning: true, shared, as: Element.self)
        #expect(shared.values.array == apart.values.array)
        #expect(shared.values.array.contains { $0 != 0 })
    }

    @Test func owningChangesNoBitAndNoAnnouncement() {
        expectSameBits(as: Float.self)
        if ComputeKernels.hasBFloat16 { expectSameBits(as: BFloat16.self) }
    }

    /// Two fifths of the gradients' memory hold what segments keep.
    @Test func lessMemoryIsTaken() {
        func bytes(owning: Bool) -> Int {
            let other = OwnedParametersTests()
            _ = other.step(owning: owning, ParameterGradients(other.list), as: Float.self)
            return other.device.memory.allocatedBytes
        }
        let lent = list.layout.flatCount * MemoryLayout<Float>.stride / 3
        #expect(bytes(owning: true) < bytes(owning: false) - lent)
    }
}
