/// The plots of the stories.
extension Story {
    mutating func followPlot() {
        let leads = [
            "\(hero.subject.withCapital) offered ", "\(companion.name) had lost ", "Then they saw ",
            "\"Let us build ", "They visited ", "They planted ",
        ]
        switch voice.choose(leads, weights: [3, 4, 4, 4, 3, 3]) {
        case 0: trade()
        case 1: search()
        case 2: helpAnimal()
        case 3: build()
        case 4: visit()
        default: plant()
        }
    }

    private mutating func trade() {
        let offer = tellThings(in: 2...7).count
        say(" for everything. \(companion.name) wanted ")
        let more = number(in: 1...6)
        say(" more, so \(hero.subject) gave \(companion.object) \(offer + more)")
        pick([" and got ", ". Then both laughed at ", ". On the way lay ", " and also "])
        tellThing()
        say(". ")
    }

    private mutating func search() {
        let thing = tellNoun()
        say(". They looked ")
        tellPlace()
        say(" and found ")
        tellThings()
        say(", then ")
        tellPlace()
        say(" and met ")
        tellAnimals()
        say(". At last \(hero.subject) saw the \(thing) ")
        tellPlace()
        say(". ")
    }

    private mutating func helpAnimal() {
        tellAnimal()
        say(" ")
        tellPlace()
        say(". It was ")
        let troubles = ["hungry", "thirsty", "cold", "lost", "stuck", "bored"]
        let trouble = voice.choose(troubles, weights: [])
        say(", so \(hero.subject)")
        switch trouble {
        case 0:
            say(" gave it ")
            tellThings(of: StoryWords.food)
        case 1:
            say(" brought water in ")
            tellThing(of: StoryWords.vessels)
        case 2:
            say(" wrapped it in ")
            tellThing(of: StoryWords.cloths)
        case 3:
            say(" found its home ")
            tellPlace()
        case 4:
            say(" freed it with ")
            tellThing(of: StoryWords.tools)
        default:
            say(" played with it and ")
            tellThing()
        }
        say(". They called it ")
        pick(StoryWords.petNames)
        say(" and gave it ")
        tellThings()
        say(". ")
    }

    private mutating func build() {
        let work = pick(StoryWords.works.map(\.withArticle)).withoutArticle
        say("!\" ")
        pick(["said", "called", "cried", "laughed", "shouted", "whispered", "sang", "begged"])
        say(" \(companion.name). They took ")
        tellThings(of: StoryWords.materials)
        say(", ")
        tellThings(of: StoryWords.materials)
        say(" and ")
        tellThing(of: StoryWords.tools)
        say(" and built the \(work) ")
        tellPlace()
        say(" in ")
        pick(StoryWords.numbers)
        pick([" hours", " days", " weeks"])
        say(". ")
    }

    private mutating func visit() {
        let name = pick(names)
        let host = StoryPerson(name: name, isGirl: StoryWords.girls.contains(name))
        say(" the ")
        tellProfession()
        say(" and brought ")
        tellThing()
        say(" and ")
        tellThings(of: StoryWords.food)
        say(". \(host.subject.withCapital) told them about ")
        tellAnimals()
        say(" and ")
        pick(StoryWords.looks.map(\.withArticle))
        pick(StoryWords.figures, after: " ")
        say(" ")
        tellPlace()
        say(". ")
    }

    private mutating func plant() {
        let rows = number(in: 2...5)
        say(" rows of ")
        let count = number(in: 2...5)
        let crop = pick(StoryWords.crops.map(\.plural), after: " ")
        say(" ")
        tellPlace()
        say(". That made \(rows * count) \(crop). ")
        pick(StoryWords.looks.map { $0.withArticle.withCapital })
        pick(StoryWords.animals, after: " ")
        say(" ate ")
        let eaten = number(in: 2...min(9, rows * count - 1))
        say(", so \(rows * count - eaten) ")
        say(rows * count - eaten == 1 ? "was left. " : "were left. ")
    }

    /// Sums with what is found: 3...9 and up to 9 more, given, brought or lost.
    package mutating func count() {
        pick(["After that ", "Later ", "Next ", "Soon "])
        say("\(hero.subject) found ")
        tellThing()
        say(", ")
        tellThings()
        say(" and ")
        let found = tellThings(of: StoryWords.items, in: 3...9)
        say(" ")
        tellPlace()
        let kinds = [
            ". \(companion.name) gave \(hero.object) ",
            ". \(hero.subject.withCapital) gave \(companion.name) ",
            " and dropped ",
        ]
        switch voice.choose(kinds, weights: [3, 2, 1]) {
        case 0:
            let more = number(in: 2...9)
            say(" more. Now \(hero.subject) had \(found.count + more). ")
        default:
            let gone = number(in: 1...found.count - 1)
            say(". Now \(hero.subject) had \(found.count - gone). ")
        }
    }
}
