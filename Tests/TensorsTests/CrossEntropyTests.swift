import Foundation
import Tensors
import Testing

@Suite struct CrossEntropyTests {
    /// Rows, vocabulary.
    static let shapes = [[1, 1], [1, 5], [4, 3], [5, 17], [3, 33], [7, 16]]
    static let largeShapes = [[2, 769], [130, 65]]

    enum Masking: CaseIterable { case nothing, everyThird, everything }

    private static let scale: Float = 0.125

    private func targets(_ shape: [Int], _ masking: Masking) -> [Int32] {
        var random = SplitMix64(seed: 15)
        return (0..<shape[0]).map { row in
            let target = Int32.random(in: 0..<Int32(shape[1]), using: &random)
            switch masking {
            case .nothing: return target
            case .everyThird: return row % 3 == 0 ? -1 : target
            case .everything: return -100
            }
        }
    }

    private func expectLoss(
        _ shape: [Int], _ masking: Masking, _ directions: OperationCheck.Directions
    ) {
        var random = SplitMix64(seed: 16)
        let targets = targets(shape, masking)
        let logits = Reference(random: shape, in: -5...5, using: &random)
        OperationCheck(inputs: [logits], directions: directions) {
            Reference(shape: [1], values: [$0[0].crossEntropy(targets) * Double(Self.scale)])
        } operation: { tape, inputs in
            let ids = tape.device.tensor(targets, shape: [targets.count])
            let loss = tape.crossEntropy(inputs[0], targets: ids, scale: Self.scale)
            expectClose([loss.value], [logits.crossEntropy(targets)], .forward, "sum")
            return loss.root
        }.expectAgreement()
    }

    private func expectFusedLoss(
        _ shape: [Int], columns: Int, _ masking: Masking,
        _ directions: OperationCheck.Directions, cap: Double? = nil
    ) {
        var random = SplitMix64(seed: 17)
        let targets = targets(shape, masking)
        let leading = shape[0] % 2 == 0 ? [2, shape[0] / 2] : [shape[0]]
        let x = Reference(random: leading + [columns], in: -2...2, using: &random)
        let weight = Reference(random: [shape[1], columns], using: &random)
        OperationCheck(inputs: [x, weight], directions: directions, startsWithOne: true) {
            let loss = $0[0].linear($0[1].transposed).capped(by: cap).crossEntropy(targets)
            return Reference(shape: [1], values: [loss * Double(Self.scale)])
        } operation: { tape, inputs in
            let ids = tape.device.tensor(targets, shape: leading)
            let loss = tape.linearCrossEntropy(
                inputs[0], weight: inputs[1], targets: ids, scale: Self.scale,
                cap: cap.map { Float($0) })
            let expected = x.linear(weight.transposed).capped(by: cap).crossEntropy(targets)
            expectClose([loss.value], [expected], .forward, "sum")
            return loss.root
        }.expectAgreement()
    }

    @Test(arguments: shapes, Masking.allCases)
    func lossAndEveryDerivativeMatch(_ shape: [Int], _ masking: Masking) {
        expectLoss(shape, masking, .everyCoordinate)
    }

    @Test(arguments: shapes, Masking.allCases)
    func fusedLossAndEveryDerivativeMatch(_ shape: [Int], _ masking: Masking) {
        expectFusedLoss(shape, columns: 3, masking, .everyCoordinate)
    }

    @Test(arguments: shapes, Masking.allCases)
    func boundedLossAndEveryDerivativeMatch(_ shape: [Int], _ masking: Masking) {
        expectFusedLoss(shape, columns: 3, masking, .everyCoordinate, cap: 0.9)
    }

    @Test(arguments: largeShapes)
    func longRowsAndManyRowsMatch(_ shape: [Int]) {
        expectLoss(shape, .everyThird, .sampled(6))
        expectFusedLoss(shape, columns: 2, .everyThird, .sampled(4))
    }

    /// 513 and 1026 rows: one above a slice of logits, and two slices and a bit.
    @Test(arguments: [[513, 3], [1026, 2]])
    func severalSlicesOfLogitsMatch(_ shape: [Int]) {
        expectFusedLoss(shape, columns: 2, .everyThird, .sampled(6))
    }

    @Test func theSumIsTheSameWithAndWithoutGradients() {
        let device = Device(threadCount: 2)
        var random = SplitMix64(seed: 18)
        let x = device.tensor(Reference(random: [40, 7], using: &random))
        let weight = device.tensor(Reference(random: [50, 7], using: &random))
        let ids = device.tensor(targets([40, 50], .everyThird), shape: [40])
        let sums = [true, false].map { isRecorded in
            let tape = Tape(device: device)
            let input = isRecorded ? tape.input(x) : tape.constant(x)
            return tape.linearCrossEntropy(
                input, weight: tape.constant(weight), targets: ids, scale: 1
            ).value
        }
        // The two kernels sum a row of 50 in another order.
        expectClose([sums[0]], [sums[1]], .rounding)
    }

    /// 64 rows of 640 logits fit into the gradient of the other parameter, until there is one.
    @Test func logitsStandInGradientsThatAreStillToCome() throws {
        let device = Device(threadCount: 2)
        let list = ParameterList(
            ParameterLayout([("weight", [640, 8]), ("other", [5120, 8])]), device: device)
        device.fillNormal(list.values, deviation: 0.5, stream: 0, seed: 1)
        let (weight, other) = (try #require(list["weight"]), try #require(list["other"]))
        let gradients = ParameterGradients(list)
        let ids = device.tensor(targets([64, 640], .everyThird), shape: [64])
        var growths: [Int] = []
        var sums: [[Float]] = []
        for _ in 0..<2 {
            let before = device.memory.allocatedBytes
            let tape = Tape(device: device, gradients: gradients)
            let x = tape.slice(tape.parameter(other, of: list), rows: 0..<64)
            let loss = tape.linearCrossEntropy(
                x, weight: tape.parameter(weight, of: list), targets: ids, scale: 1)
            growths.append(device.memory.allocatedBytes - before)
            tape.backward(from: loss.root)
            sums.append(gradients.values.array)
        }
        #expect(growths[0] < 4 * 64 * 640 && growths[1] >= 4 * 64 * 640, "\(growths)")
        #expect(sums[0].contains { $0 != 0 })
        expectClose(sums[1], sums[0].map { 2 * Double($0) }, .forward)
    }

    @Test func equalLogitsCostTheLogarithmOfTheVocabulary() {
        let device = Device(threadCount: 1)
        let tape = Tape(device: device)
        let logits = tape.constant(device.zeros([1, 8]))
        let loss = tape.crossEntropy(
            logits, targets: device.tensor([3] as [Int32], shape: [1]), scale: 1)
        expectClose([loss.value], [2.0794415416798357], .rounding)
    }
}

extension Reference {
    /// cap tanh(x / cap).
    func capped(by cap: Double?) -> Reference {
        guard let cap else { return self }
        return Reference(shape: shape, values: values.map { cap * tanh($0 / cap) })
    }
}
