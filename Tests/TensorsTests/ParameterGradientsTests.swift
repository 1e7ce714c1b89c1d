import Tensors
import Testing

@Suite struct ParameterGradientsTests {
    private let device = Device(threadCount: 2)
    private let list: ParameterList

    init() {
        list = ParameterList(
            ParameterLayout([("first", [3]), ("second", [2, 3]), ("third", [17])]), device: device)
        for parameter in list.parameters { device.fill(list.value(of: parameter), with: 1) }
    }

    private func gradients(filledWith value: Float = 77) -> ParameterGradients {
        let gradients = ParameterGradients(list)
        for parameter in list.parameters {
            device.fill(gradients.gradient(of: parameter), with: value)
        }
        return gradients
    }

    /// Gradient `factor` for the named parameter.
    private func contribute(
        _ factor: Float, to name: String, _ gradients: ParameterGradients
    ) throws {
        let tape = Tape(device: device, gradients: gradients)
        let x = tape.parameter(try #require(list[name]), of: list)
        tape.backward(from: tape.scale(x, by: factor))
    }

    private func values(_ name: String, _ gradients: ParameterGradients) -> [Float] {
        list[name].map { gradients.gradient(of: $0).array } ?? [.nan]
    }

    @Test func parametersStandInOrderAtMultiplesOfSixteen() {
        #expect(list.parameters.map(\.range) == [0..<3, 16..<22, 32..<49])
        #expect(list.layout.flatCount == 64)
        #expect(list.layout.parameterCount == 26)
        #expect(list.values.array[3..<16].allSatisfy { $0 == 0 })
        #expect(list["fourth"] == nil)
    }

    @Test func contributionsOfSeveralTapesAddUpUntilReset() throws {
        let gradients = gradients()
        try contribute(2, to: "first", gradients)
        #expect(values("first", gradients) == [2, 2, 2])
        try contribute(3, to: "first", gradients)
        try contribute(4, to: "first", gradients)
        #expect(values("first", gradients) == [9, 9, 9])
        gradients.reset()
        try contribute(5, to: "first", gradients)
        #expect(values("first", gradients) == [5, 5, 5])
    }

    @Test func aParameterUsedTwiceOnATapeGetsBothContributions() throws {
        let gradients = gradients()
        let second = try #require(list["second"])
        for pass in 1...2 {
            let tape = Tape(device: device, gradients: gradients)
            let (x, y) = (
                tape.parameter(second, of: list), tape.parameter(second, of: list)
            )
            tape.backward(from: tape.add(tape.scale(x, by: 2), tape.multiply(x, y)))
            #expect(values("second", gradients).allSatisfy { $0 == Float(pass) * 4 })
        }
    }

    @Test func aGradientTakenAsItIsIsCopiedToItsPlace() throws {
        let gradients = gradients()
        let tape = Tape(device: device, gradients: gradients)
        let x = tape.parameter(try #require(list["first"]), of: list)
        let y = tape.input(device.tensor([1, 2, 3] as [Float], shape: [3]))
        let seed = device.tensor([1, 2, 3] as [Float], shape: [3])
        tape.backward(from: tape.add(x, tape.add(x, tape.add(y, y))), seed: seed)
        #expect(values("first", gradients) == [2, 4, 6])
        #expect(y.node?.gradient?.array == [2, 4, 6])
        #expect(seed.array == [1, 2, 3])
    }

    @Test func onlyWhatNoContributionReachedIsZeroed() throws {
        let gradients = gradients()
        try contribute(2, to: "first", gradients)
        gradients.zeroWhatIsMissing()
        #expect(values("first", gradients) == [2, 2, 2])
        #expect(values("second", gradients).allSatisfy { $0 == 0 })
        #expect(values("third", gradients).allSatisfy { $0 == 0 })
        try contribute(3, to: "second", gradients)
        #expect(values("second", gradients).allSatisfy { $0 == 3 })
    }

    /// The use of a parameter in a branch that the loss does not depend on is no contribution.
    @Test func aUseThatDoesNotReachTheRootLeavesNoOldGradient() throws {
        let gradients = gradients()
        let (first, second) = (try #require(list["first"]), try #require(list["second"]))
        var ready: [String: [Float]] = [:]
        let tape = Tape(device: device, gradients: gradients) {
            ready[$0.name] = gradients.gradient(of: $0).array
        }
        _ = tape.scale(tape.parameter(second, of: list), by: 3)
        tape.backward(from: tape.scale(tape.parameter(first, of: list), by: 2))
        gradients.zeroWhatIsMissing()
        #expect(values("second", gradients).allSatisfy { $0 == 0 })
        let announced = ready["second"] ?? []
        #expect(announced.allSatisfy { $0 == 0 })
    }

    @Test func withoutGradientsParametersAreConstants() throws {
        let tape = Tape(device: device)
        #expect(tape.parameter(try #require(list["first"]), of: list).node == nil)
        #expect(!tape.recordsGradients)
        #expect(Tape(device: device, gradients: gradients()).recordsGradients)
    }
}
