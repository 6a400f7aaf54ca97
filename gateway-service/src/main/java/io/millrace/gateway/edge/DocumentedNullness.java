package io.millrace.gateway.edge;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.type.TypeFactory;
import io.swagger.v3.core.converter.AnnotatedType;
import io.swagger.v3.core.converter.ModelConverter;
import io.swagger.v3.core.converter.ModelConverterContext;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.media.JsonSchema;
import io.swagger.v3.oas.models.media.Schema;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Says of each field of a record whether it is always there: what is not {@code @Nullable} is required, all else may be absent or null. A
 * nullable field that {@code @Schema} calls required, as those of requests whose absence the gateway itself tells, is required and not null.
 */
@Component
class DocumentedNullness implements ModelConverter {
    private static final String NULL = "null";

    @Override
    public @Nullable Schema<?> resolve(AnnotatedType type, ModelConverterContext context,
            Iterator<ModelConverter> chain) {
        if (!chain.hasNext()) {
            return null;
        }
        Schema<?> resolved = chain.next().resolve(type, context, chain);
        Class<?> described = TypeFactory.defaultInstance().constructType(type.getType()).getRawClass();
        if (resolved != null && described.isRecord()) {
            Schema<?> model = resolved.get$ref() == null ? resolved
                    : context.getDefinedModels().get(resolved.get$ref().substring(Components.COMPONENTS_SCHEMAS_REF
                            .length()));
            if (model != null && model.getProperties() != null) {
                complete(model, described);
            }
        }
        return resolved;
    }

    private static void complete(Schema<?> model, Class<?> described) {
        for (RecordComponent component : described.getRecordComponents()) {
            String name = name(component);
            if (model.getProperties().get(name) instanceof Schema<?> property && !isRequired(model, name)) {
                if (component.getAnnotatedType().isAnnotationPresent(Nullable.class)) {
                    properties(model).put(name, orNull(property));
                } else {
                    model.addRequiredItem(name);
                }
            }
        }
    }

    private static String name(RecordComponent component) {
        JsonProperty named = component.getAccessor().getAnnotation(JsonProperty.class);
        return named == null ? component.getName() : named.value();
    }

    private static boolean isRequired(Schema<?> model, String name) {
        return model.getRequired() != null && model.getRequired().contains(name);
    }

    @SuppressWarnings("rawtypes")
    private static Map<String, Schema> properties(Schema<?> model) {
        return model.getProperties();
    }

    private static <T> Schema<?> orNull(Schema<T> property) {
        if (property.get$ref() != null) {
            Schema<?> either = new JsonSchema();
            either.setAnyOf(List.of(property, new JsonSchema().types(Set.of(NULL))));
            return either;
        }
        if (property.getTypes() != null && property.getTypes().add(NULL) && property.getEnum() != null) {
            List<@Nullable T> values = new ArrayList<>(property.getEnum());
            values.add(null);
            property.setEnum(values);
        }
        return property;
    }
}
