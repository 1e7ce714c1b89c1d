/// The part of a node that the tape uses whatever its element.
package class GradientSink {
    /// Recorded operations that will still contribute.
    var pendingUseCount = 0

    /// Called when no recorded operation will contribute any more.
    func announceCompletion() {}

    /// A recorded operation has contributed.
    func loseUse() {
        pendingUseCount -= 1
        if pendingUseCount == 0 { announceCompletion() }
    }
}

/// The place where the gradient of one value of the tape comes together.
package final class GradientNode<Element: ComputeElement>: GradientSink {
    /// Sum of the contributions so far; nil when there is none.
    package private(set) var gradient: Tensor<Element>?

    let shape: [Int]
    private let device: Device
    /// The memory in which the gradient of a parameter must end up; nil for any other value.
    private let destination: Tensor<Element>?
    /// Called before the first contribution is written.
    private let beforeWriting: (() -> Void)?
    /// Called when the last contribution is in.
    private let whenReady: (() -> Void)?

    init(
        shape: [Int], device: Device, destination: Tensor<Element>? = nil,
        holdsGradient: Bool = false, beforeWriting: (() -> Void)? = nil,
        whenReady: (() -> Void)? = nil
    ) {
        self.shape = shape
        self.device = device
        self.destination = destination
        self.beforeWriting = beforeWriting
        self.whenReady = whenReady
        gradient = holdsGradient ? destination : nil
    }

    /// Lets `write` put a contribution into the gradient: it adds when `adds`, else it overwrites
    /// every element.
    func contribute(_ write: (_ gradient: Tensor<Element>, _ adds: Bool) -> Void) {
        if destination == nil && gradient != nil { ownGradient() }
        let adds = gradient != nil
        if !adds { beforeWriting?() }
        let target = gradient ?? destination ?? device.uninitialized(shape, of: Element.self)
        write(target, adds)
        gradient = target
    }

    /// Adds a finished tensor. The first one is taken as it is, without a copy.
    func contribute(_ tensor: Tensor<Element>) {
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

    /// A parameter that no contribution has reached has the gradient 0: what an earlier step left
    /// there must not pass for one.
    override func announceCompletion() {
        guard let whenReady else { return }
        if gradient == nil { contribute { values, _ in device.fill(values, with: 0) } }
        whenReady()
    }

    /// The gradient, for the operation that made the value; the node lets go of it.
    func takeGradient() -> Tensor<Element>? {
        defer { gradient = nil }
        return gradient
    }

    /// A tensor taken without a copy may be held by another node too: then it is copied before the
    /// first write.
    private func ownGradient() {
        guard gradient?.ownsStorage() == false, let shared = gradient else { return }
        let copy = device.uninitialized(shape, of: Element.self)
        device.copy(shared, to: copy)
        gradient = copy
    }
}
