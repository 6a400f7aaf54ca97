package io.millrace.workbench.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What may depend on what. Each rule fails the build, so the folders keep showing the architecture. */
class ArchitectureTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final List<String> MODULES = List.of(
            "common", "broker-service", "coordinator-service", "offset-service", "gateway-service", "workbench");

    private static JavaClasses classes;

    @BeforeAll
    static void read_the_classes_of_every_module() {
        var folders = MODULES.stream().map(module -> ROOT.resolve(module).resolve("target/classes")).toList();
        assertThat(folders).allSatisfy(folder -> assertThat(folder).isDirectory());
        classes = new ClassFileImporter().importPaths(folders);
    }

    @ParameterizedTest
    @ValueSource(strings = {"broker", "coordinator", "offset", "gateway"})
    void a_service_depends_on_common_and_on_no_other_service(String service) {
        var others = Stream.of("broker", "coordinator", "offset", "gateway", "workbench")
                .filter(other -> !other.equals(service))
                .map(other -> "io.millrace." + other + "..")
                .toArray(String[]::new);

        noClasses().that().resideInAPackage("io.millrace." + service + "..")
                .should().dependOnClassesThat().resideInAnyPackage(others)
                .check(classes);
    }

    @Test
    void common_depends_on_no_service() {
        noClasses().that().resideInAPackage("io.millrace.common..")
                .should().dependOnClassesThat(resideInAPackage("io.millrace..")
                        .and(resideOutsideOfPackage("io.millrace.common..")))
                .check(classes);
    }

    @Test
    void packages_are_free_of_cycles() {
        slices().matching("io.millrace.(**)").should().beFreeOfCycles().check(classes);
    }

    @ParameterizedTest
    @ValueSource(strings = {
            "io\\.millrace\\.broker\\.log\\.[^.]+",
            "io\\.millrace\\.broker\\.replication\\.[^.]+",
            "io\\.millrace\\.coordinator\\.group\\.[^.]+",
            "io\\.millrace\\.coordinator\\.controller\\.(Election|Placement|TopicRules).*",
            "io\\.millrace\\.common\\.lease\\.(LeaseState|LeaseTiming|LeaseGrant).*",
            "io\\.millrace\\.common\\.metadata\\.[A-Za-z]+Image(\\$.*)?",
            "io\\.millrace\\.workbench\\.torture\\.(check|plan)\\.[^.]+"})
    void a_pure_core_knows_no_framework_socket_thread_logger_or_clock(String core) {
        noClasses().that().haveNameMatching(core)
                .should().dependOnClassesThat(resideInAnyPackage(
                        "org.springframework..", "java.net..", "org.slf4j..", "java.sql..", "javax.sql.."))
                .orShould().dependOnClassesThat().belongToAnyOf(
                        Thread.class, java.util.Timer.class, java.time.Clock.class, java.util.concurrent.Executor.class)
                .orShould().callMethod(System.class, "currentTimeMillis")
                .orShould().callMethod(System.class, "nanoTime")
                .orShould().callMethod(java.time.Instant.class, "now")
                .orShould().callConstructor(java.util.Random.class)
                .orShould().callMethod(java.util.concurrent.ThreadLocalRandom.class, "current")
                .check(classes);
    }

    @Test
    void kafkas_record_classes_are_touched_only_where_records_are_kept_or_framed() {
        noClasses().that().resideOutsideOfPackages(
                "io.millrace.common.record..",
                "io.millrace.common.wire..",
                "io.millrace.broker..",
                "io.millrace.gateway.brokers..",
                "io.millrace.gateway.producer..",
                "io.millrace.workbench..")
                .should().dependOnClassesThat().resideInAPackage("org.apache.kafka.common.record.internal..")
                .check(classes);
    }

    @Test
    void names_say_what_a_class_does() {
        noClasses().should().haveNameMatching(".*(Utils?|Helper|Manager|Impl)$").check(classes);
    }

    @Test
    void dependencies_come_through_constructors() {
        noFields().should().beAnnotatedWith("org.springframework.beans.factory.annotation.Autowired")
                .orShould().beAnnotatedWith("org.springframework.beans.factory.annotation.Value")
                .check(classes);
    }

    @Test
    void an_unknown_configuration_key_fails_the_start() {
        var annotation = "org.springframework.boot.context.properties.ConfigurationProperties";
        classes().that().areAnnotatedWith(annotation)
                .should().beAnnotatedWith(DescribedPredicate.describe(
                        "@ConfigurationProperties(ignoreUnknownFields = false)",
                        found -> found.getRawType().getName().equals(annotation)
                                && found.get("ignoreUnknownFields").filter(Boolean.FALSE::equals).isPresent()))
                .check(classes);
    }

    @Test
    void every_package_says_what_it_is_for_and_is_null_marked() throws IOException {
        for (var folder : sourceFolders("src/main/java")) {
            try (var files = Files.walk(folder)) {
                var packages = files.filter(file -> file.toString().endsWith(".java")).map(Path::getParent).distinct();
                assertThat(packages).allSatisfy(directory -> {
                    var info = directory.resolve("package-info.java");
                    assertThat(info).exists();
                    assertThat(Files.readString(info)).contains("/**").contains("@NullMarked");
                });
            }
        }
    }

    @Test
    void tests_wait_for_conditions_and_never_sleep() throws IOException {
        // Put together, so that this file does not find itself.
        var sleep = "Thread" + ".sleep(";
        for (var folder : sourceFolders("src/test/java")) {
            try (var files = Files.walk(folder)) {
                assertThat(files.filter(file -> file.toString().endsWith(".java")))
                        .allSatisfy(file -> assertThat(Files.readString(file)).doesNotContain(sleep));
            }
        }
    }

    private static List<Path> sourceFolders(String folder) {
        return Stream.concat(MODULES.stream(), Stream.of("specification"))
                .map(module -> ROOT.resolve(module).resolve(folder)).filter(Files::isDirectory).toList();
    }
}
