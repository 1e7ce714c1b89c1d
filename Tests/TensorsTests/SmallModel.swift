import Tensors

/// One transformer block with tied embeddings: each kind of parameter use of a GPT.
struct SmallModel {
    let device: Device
    let list: ParameterList
    private let ids: Tensor<Int32>
    private let targets: Tensor<Int32>

    static let (batch, length, width, vocabulary) = (3, 6, 8, 11)

    init(device: Device) {
        let (c, v) = (Self.width, Self.vocabulary)
        self.device = device
        list = ParameterList(
            ParameterLayout([
                ("tokens", [v, c]), ("positions", [Self.length + 1, c]), ("gain", [c]),
                ("bias", [c]), ("qkv", [c, 3 * c]), ("qkv.bias", [3 * c]), ("up", [c, 4 * c]),
                ("up.bias", [4 * c]), ("down", [4 * c, c]), ("down.bias", [c]),
            ]), device: device)
        device.fillNormal(list.values, deviation: 0.5, stream: 0, seed: 1)
        let count = Self.batch * Self.length
        let shape = [Self.batch, Self.length]
        ids = device.tensor((0..<count).map { Int32($0 * 7 % v) }, shape: shape)
        targets = device.tensor((0..<count).map { Int32($0 * 5 % v) - 1 }, shape: shape)
    }

    /// Forward and backward; returns the loss. Each layer is a segment.
    func step(_ tape: Tape) -> Double {
        let tokens = parameter("tokens", tape)
        var h = tape.addPositions(
            tape.embedding(ids, table: tokens), table: parameter("positions", tape))
        for _ in 0..<2 { h = tape.segment(h) { layer($1, $0) } }
        let loss = tape.linearCrossEntropy(h, weight: tokens, targets: targets, scale: 0.1)
        tape.backward(from: loss.root)
        return loss.value
    }

    private func layer(_ x: Variable, _ tape: Tape) -> Variable {
        func p(_ name: String) -> Variable { parameter(name, tape) }
        let dropout = Dropout.example(rate: 0.25)
        let normed = tape.layerNorm(x, gain: p("gain"), bias: p("bias"), epsilon: 1e-5)
        let qkv = tape.linear(normed, weight: p("qkv"), bias: p("qkv.bias"))
        let options = AttentionOptions(headCount: 2, contextLength: 16, dropout: dropout)
        let h = tape.add(x, tape.dropout(tape.causalAttention(qkv, options), dropout))
        let up = tape.linearGELU(h, weight: p("up"), bias: p("up.bias"), form: .tanh)
        return tape.add(h, tape.linear(up, weight: p("down"), bias: p("down.bias")))
    }

    private func parameter(_ name: String, _ tape: Tape) -> Variable {
        guard let parameter = list[name] else { preconditionFailure("no \(name)") }
        return tape.parameter(parameter, of: list)
    }
}
