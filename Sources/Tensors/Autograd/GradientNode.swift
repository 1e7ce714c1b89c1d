/// Where the gradient of one value of the tape comes together.
package final class GradientNode {
    /// Sum of the contributions so far; nil when there is none.
    package private(set) var gradient: Tensor<Float>?

    let shape: [Int]
    private let device: Device
    /// For a parameter: where its gradient must stand.
    private let destination: Tensor<Float>?
    /// Recorded operations that will still contribute.
    var pendingUseCount = 0
    /// Called when the last contribution is in.
    private let whenReady: (() -> Void)?

    init(
        shape: [Int], device: Device, destination: Tensor<Float>? = nil,
        holdsGradient: Bool = false, whenReady: (() -> Void)? = nil
    ) {
        self.shape = shape
        self.device = device
        self.destination = destination
        self.whenReady = whenReady
        gradient = holdsGradient ? destination : nil
    }

    /// Lets `write` put a contribution into the gradient: it adds when `adds`, else it overwrites
    /// every element.
    func contribute(_ write: (_ gradient: Tensor<Float>, _ adds: Bool) -> Void) {
        if destination == nil && gradient != nil { ownGradient() }
        let adds = gradient != nil
        let target = gradient ?? destination ?? device.uninitialized(shape)
        write(target, adds)
        gradient = target
    }

    /// Adds a finished tensor. The first one is taken as it is, without a copy.
    func contribute(_ tensor: Tensor<Float>) {
        if gradient == nil && destination == nil {
            gradient = tensor.reshaped(shape)
        } else {
            contribute { gradient, adds in
                if adds {
                    device.add(gradient, tensor, into: gradient)
                } else {
                    device.copy(tensor, to: gradient)
                }
            }
        }
    }

    /// Called when no recorded operation will contribute any more. A parameter that none has reached
    /// has the gradient 0: what an earlier step left there must not pass for one.
    func announceCompletion() {
        guard let whenReady else { return }
        if gradient == nil { contribute { values, _ in device.fill(values, with: 0) } }
        whenReady()
    }

    /// The gradient, for the operation that made the value; the node lets go of it.
    func takeGradient() -> Tensor<Float>? {
        defer { gradient = nil }
        return gradient
    }

    /// A tensor taken without a copy may be held by another node too: then it is copied before the
    /// first write.
    private func ownGradient() {
        guard var held = gradient else { return }
        gradient = nil
        if !held.ownsStorage() {
            let copy = device.uninitialized(shape)
            device.copy(held, to: copy)
            held = copy
        }
        gradient = held
    }
}

/// A value on the tape; without a node it is a constant.
package struct Variable {
    package let value: Tensor<Float>
    package let node: GradientNode?

    package var shape: [Int] { value.shape }
}
