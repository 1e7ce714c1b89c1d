/// When each fragment of the weights meets: once in H steps, the fragments at equal distances, each under
/// way for some steps.
package struct OuterSchedule: Equatable, Sendable {
    /// H.
    let everySteps: Int
    let fragmentCount: Int
    /// Steps between the difference that a fragment sends and its outer step.
    let delaySteps: Int

    package init(_ options: OuterOptions) {
        everySteps = options.everySteps
        fragmentCount = options.fragmentCount
        delaySteps = options.delaySteps
    }

    /// The fragment whose outer step is due after so many steps; nil for none.
    package func due(after step: Int) -> Int? {
        guard step > 0 else { return nil }
        let place = (step - 1) % everySteps + 1
        return (0..<fragmentCount).first { everySteps * ($0 + 1) / fragmentCount == place }
    }

    /// The fragment that sets out after so many steps; nil for none.
    package func starting(after step: Int) -> Int? { due(after: step + delaySteps) }

    /// The fragment that is under way after so many steps, its own start included; nil for none.
    package func underWay(after step: Int) -> Int? {
        (0..<delaySteps).lazy.compactMap { due(after: step + 1 + $0) }.first
    }
}
