import Tensors
import Testing

/// What a whole backward pass promises about order and memory.
@Suite struct BackwardPassTests {
    @Test func eachParameterIsReadyOnceAndAfterItsLastContribution() {
        let model = SmallModel(device: Device(threadCount: 2))
        let gradients = ParameterGradients(model.list)
        for _ in 1...2 {
            var announced: [(name: String, gradient: [Float])] = []
            let tape = Tape(device: model.device, gradients: gradients) {
                announced.append(($0.name, gradients.gradient(of: $0).array))
            }
            _ = model.step(tape)
            #expect(announced.map(\.name).sorted() == model.list.parameters.map(\.name).sorted())
            for parameter in model.list.parameters {
                let seen = announced.first { $0.name == parameter.name }?.gradient
                #expect(seen == gradients.gradient(of: parameter).array, "\(parameter.name)")
            }
        }
    }

    @Test func parametersBecomeReadyWhileThePassGoesOn() {
        let model = SmallModel(device: Device(threadCount: 1))
        var order: [String] = []
        let tape = Tape(device: model.device, gradients: ParameterGradients(model.list)) {
            order.append($0.name)
        }
        _ = model.step(tape)
        #expect(order.last == "tokens")
        #expect(order.firstIndex(of: "down")! < order.firstIndex(of: "up")!)
        #expect(order.firstIndex(of: "qkv")! < order.firstIndex(of: "positions")!)
    }

    @Test func twoTapesAddUpToTwiceTheGradient() {
        let model = SmallModel(device: Device(threadCount: 2))
        let gradients = ParameterGradients(model.list)
        _ = model.step(Tape(device: model.device, gradients: gradients))
        let once = gradients.values.array.map { Double($0) }
        _ = model.step(Tape(device: model.device, gradients: gradients))
        expectClose(gradients.values.array, once.map { 2 * $0 }, .forward)
        #expect(once.contains { $0 != 0 })
        gradients.reset()
        _ = model.step(Tape(device: model.device, gradients: gradients))
        #expect(gradients.values.array.map { Double($0) } == once)
    }

    @Test func anEqualStepTakesNoNewMemory() {
        let model = SmallModel(device: Device(threadCount: 1))
        let gradients = ParameterGradients(model.list)
        var losses: [Double] = []
        var sizes: [Int] = []
        for _ in 0..<4 {
            gradients.reset()
            losses.append(model.step(Tape(device: model.device, gradients: gradients)))
            sizes.append(model.device.memory.allocatedBytes)
        }
        #expect(Set(sizes.dropFirst()) == [sizes[0]])
        #expect(Set(losses).count == 1)
    }

    /// Twenty GELUs need their twenty inputs, and going back about two gradients at a time.
    @Test func thePassGivesMemoryBackAsItGoes() {
        let (device, size) = (Device(threadCount: 1), 1 << 16)
        let tape = Tape(device: device)
        var x = tape.input(device.zeros([size]))
        for _ in 0..<20 { x = tape.gelu(x, form: .tanh) }
        let forward = device.memory.allocatedBytes
        #expect(forward >= 20 * 4 * size)
        tape.backward(from: x)
        #expect(device.memory.allocatedBytes <= forward + 4 * 4 * size)
    }

    /// Sums, factors, dropout and positions need no value of the forward pass to go back.
    @Test func operationsKeepOnlyTheTensorsThatTheyNeed() {
        let (device, shape) = (Device(threadCount: 1), [1, 1 << 10, 64])
        let tape = Tape(device: device)
        let positions = tape.input(device.zeros([1 << 10, 64]))
        var x = tape.input(device.zeros(shape))
        for _ in 0..<5 {
            x = tape.addPositions(x, table: positions)
            x = tape.add(tape.scale(x, by: 2), tape.dropout(x, .example(rate: 0.5)))
            x = tape.reshape(tape.transpose(tape.transpose(x)), to: shape)
        }
        #expect(device.memory.allocatedBytes <= 6 * 4 << 16)
    }
}
