/// When the program started.
package enum ProgramClock {
    /// The moment of the first use, which `main` makes its first act.
    package static let start = ContinuousClock.now
}
