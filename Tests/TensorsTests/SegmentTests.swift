import Tensors
import Testing

/// Segments that are computed again in the backward pass.
@Suite struct SegmentTests {
    private let model = SmallModel(device: Device(threadCount: 2))

    /// One step, from gradients that hold something else.
    private func step(
        recomputes: Bool, _ gradients: ParameterGradients
    ) -> (loss: Double, announced: [String]) {
        var announced: [String] = []
        let tape = Tape(
            device: model.device, gradients: gradients, recomputesSegments: recomputes
        ) { announced.append($0.name) }
        return (model.step(tape), announced)
    }

    @Test func computingAgainChangesNoBitAndNoAnnouncement() {
        let (kept, recomputed) = (ParameterGradients(model.list), ParameterGradients(model.list))
        // Two micro-batches: the second one adds.
        for _ in 1...2 {
            let reference = step(recomputes: false, kept)
            let other = step(recomputes: true, recomputed)
            #expect(other.loss == reference.loss)
            #expect(other.announced == reference.announced)
            #expect(recomputed.values.array == kept.values.array)
        }
        #expect(kept.values.array.contains { $0 != 0 })
    }

    /// Ten segments of ten tensors each keep ten inputs, and one segment's tensors at a time.
    @Test func onlyInputsAreKept() {
        let (device, size) = (Device(threadCount: 1), 1 << 16)
        let tape = Tape(
            device: device, gradients: ParameterGradients(model.list), recomputesSegments: true)
        let input = tape.input(device.zeros([size]))
        var x = input
        for _ in 0..<10 {
            x = tape.segment(x) { tape, x in
                (0..<10).reduce(x) { x, _ in tape.gelu(x, form: .tanh) }
            }
        }
        tape.backward(from: x)
        #expect(input.node?.gradient != nil)
        #expect(device.memory.allocatedBytes <= (10 + 10 + 5) * 4 * size)
    }

    @Test func aSegmentThatDoesNotReachTheRootGetsNoGradient() {
        let gradients = ParameterGradients(model.list)
        let gain = model.list["gain"]!  // SmallModel names it.
        var announced: [String] = []
        let tape = Tape(
            device: model.device, gradients: gradients, recomputesSegments: true
        ) { announced.append($0.name) }
        let x = tape.input(model.device.zeros([SmallModel.width]))
        _ = tape.segment(x) { $0.multiply($1, $0.parameter(gain, of: model.list)) }
        tape.backward(from: tape.scale(x, by: 2))
        #expect(x.node?.gradient?.array == Array(repeating: 2, count: SmallModel.width))
        #expect(announced == ["gain"])
    }

    @Test func aTapeWithoutGradientsRunsASegmentAsItIs() {
        let tape = Tape(device: model.device, recomputesSegments: true)
        let x = tape.constant(model.device.tensor([1, 2] as [Float], shape: [2]))
        #expect(tape.segment(x) { $0.scale($1, by: 3) }.value.array == [3, 6])
    }
}
