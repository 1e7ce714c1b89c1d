/// The first step of preference tuning, in which a model that is its own reference has no margins.
struct FirstStep {
    /// The loss of a model that is its own reference; nil where it depends on the model.
    let expected: Double?
    let loss: Double
    /// The largest reward of the step.
    private let reward: Double
    /// The largest reward that rounding may make.
    private let tolerance: Double

    /// - Parameter isRounded: whether matrix products take bfloat16.
    init(
        expected: Double?, loss: Double, _ beta: Double, _ measures: [String: Double],
        isRounded: Bool
    ) {
        (self.expected, self.loss) = (expected, loss)
        func largest(_ name: String) -> Double {
            max(abs(measures["\(name)/chosen"] ?? 0), abs(measures["\(name)/rejected"] ?? 0))
        }
        reward = largest("rewards")
        tolerance = (isRounded ? 1e-2 : 1e-4) * beta * max(1, largest("logps"))
    }

    private var isAtReference: Bool { reward <= tolerance }

    /// What there is to say; a reference that was named for itself may be another model.
    func remark(startsAtReference: Bool) -> ObjectiveRemark {
        let wanted = expected.map { ", for which the loss is \($0)" } ?? ""
        guard isAtReference else {
            let found = "the first step has rewards of up to \(reward) and the loss \(loss)"
            return startsAtReference
                ? ObjectiveRemark(
                    text:
                        "\(found), but a model that is its own reference has the reward 0\(wanted): "
                        + "the reference is not the model that is trained, or its answers were "
                        + "cut in another way", isWarning: true)
                : ObjectiveRemark(
                    text: "\(found): the reference is another model than the one that is trained",
                    isWarning: false)
        }
        return ObjectiveRemark(
            text: "the first step has the loss \(loss) and no margins, as it must: the model is "
                + "its own reference\(wanted)", isWarning: false)
    }
}
