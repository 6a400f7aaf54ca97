package io.millrace.broker;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.broker.partition.ReplicationSettings;
import io.millrace.broker.storage.StorageProperties;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.io.ClassPathResource;

class BrokerSettingsTest {
    private static final int PORT = 9092;

    @Test
    void the_defaults_of_the_file_and_of_the_code_are_the_same() throws IOException {
        var sources = new MutablePropertySources();
        new YamlPropertySourceLoader().load("broker", new ClassPathResource("application.yml")).forEach(
                sources::addFirst);

        var inFile = new Binder(ConfigurationPropertySources.from(sources), new PropertySourcesPlaceholdersResolver(
                sources)).bind("millrace.broker", BrokerSettings.class).get();

        var inCode = new Binder(new MapConfigurationPropertySource(Map.of("millrace.broker.id", 0,
                "millrace.broker.kafka.port", PORT))).bind("millrace.broker", BrokerSettings.class).get();
        assertThat(inFile.kafka()).isEqualTo(inCode.kafka());
        assertThat(inFile.fetch()).isEqualTo(inCode.fetch());
        assertThat(inFile.forward()).isEqualTo(inCode.forward());
        var replication = new Binder(ConfigurationPropertySources.from(sources),
                new PropertySourcesPlaceholdersResolver(
                        sources)).bind("millrace.replication", ReplicationSettings.class).get();
        assertThat(replication).isEqualTo(ReplicationSettings.defaults());
        var storage = new Binder(ConfigurationPropertySources.from(sources), new PropertySourcesPlaceholdersResolver(
                sources)).bind("millrace.storage", StorageProperties.class).get();
        assertThat(BrokerConfigs.of(inFile, storage, replication, false).settings()).isNotEmpty().allSatisfy(
                setting -> assertThat(setting.value()).as(setting.name()).isEqualTo(setting.defaultValue()));
    }
}
